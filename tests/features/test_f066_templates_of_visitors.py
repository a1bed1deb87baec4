"""F66: templates that users write are rendered in a sandbox, within limits."""

from __future__ import annotations

import pytest

from bistro.templates import TemplateError, render_untrusted


def test_f066_a_template_of_a_visitor_prints_what_it_was_given() -> None:
    text = "{% for name in names %}{{ name|upper }}, {% endfor %}"
    assert render_untrusted(text, {"names": ["ann", "<bo>"]}) == "ANN, &lt;BO&gt;, "


@pytest.mark.parametrize(
    "text",
    [
        "{{ name.__class__.__mro__ }}",
        "{{ ''['__class__']['__mro__'] }}",
        "{{ name.format.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.system('id') }}",
        "{% include '/etc/passwd' %}",
        "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
    ],
)
def test_f066_what_leads_out_of_the_sandbox_is_refused(text: str) -> None:
    with pytest.raises(TemplateError):
        render_untrusted(text, {"name": "ann"})
