"""The style of the debug pages; the pages let it in by its hash."""

STYLE = """
:root { color-scheme: light dark; --ground: #fbfaf7; --raised: #fff; --ink: #23211d; --quiet: #635e54;
  --edge: #ddd8cc; --alarm: #a5281b; --line: #fbe3dc; --mark: #f2b8a6; --link: #0b5c86; --head: #2b2723 }
@media (prefers-color-scheme: dark) {
  :root { --ground: #181715; --raised: #211f1c; --ink: #ece8df; --quiet: #aca596; --edge: #3b3732;
    --alarm: #ff9d8c; --line: #42251f; --mark: #7d3626; --link: #7cc4ec; --head: #100f0e }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif;
  padding-bottom: 3rem }
header, section, footer { max-width: 72rem; margin: 0 auto; padding: 0 1.25rem }
header { padding-top: 2rem; padding-bottom: .5rem }
.asked { margin: 0; color: var(--quiet); font: .9375rem ui-monospace, monospace; overflow-wrap: anywhere }
h1 { margin: .25rem 0 .5rem; color: var(--alarm); font-size: clamp(1.375rem, 5vw, 2rem); line-height: 1.2;
  overflow-wrap: anywhere }
h2 { margin: 1.75rem 0 .625rem; font-size: 1.125rem; line-height: 1.3; overflow-wrap: anywhere }
.message { margin: 0 0 .5rem; font-size: 1.125rem; white-space: pre-wrap; overflow-wrap: anywhere }
.fix { margin: .75rem 0 0; padding: .625rem .875rem; border-left: .25rem solid var(--link);
  background: var(--raised); white-space: pre-wrap; overflow-wrap: anywhere }
details { border: 1px solid var(--edge); border-radius: .375rem; background: var(--raised);
  margin-bottom: .5rem }
summary { padding: .5rem .75rem; cursor: pointer; overflow-wrap: anywhere }
summary:focus-visible, a:focus-visible, [tabindex]:focus-visible { outline: 3px solid var(--link);
  outline-offset: 1px }
.fold { margin-top: .75rem }
.fold h2 { display: inline; margin: 0 }
.function { font: 600 .9375rem ui-monospace, monospace }
.place { color: var(--quiet); font: .8125rem ui-monospace, monospace }
.other .function { font-weight: 400 }
.tag { font-size: .75rem; color: var(--alarm); border: 1px solid currentColor; border-radius: 1rem;
  padding: 0 .5rem; white-space: nowrap }
pre { margin: 0; width: max-content; min-width: 100%; font: .875rem/1.55 ui-monospace, monospace;
  tab-size: 4 }
.source { border-top: 1px solid var(--edge); padding: .5rem 0 }
.plain { border-top: 1px solid var(--edge); padding: .75rem }
.line { display: block; padding: 0 .75rem }
.current { background: var(--line); font-weight: 600 }
.number { color: var(--quiet); user-select: none; margin-right: .5rem }
mark { background: var(--mark); color: inherit; border-radius: .125rem }
table { width: 100%; border-collapse: collapse; font-size: .875rem; border-top: 1px solid var(--edge) }
caption { text-align: left; padding: .5rem .75rem 0; color: var(--quiet) }
th, td { text-align: left; vertical-align: baseline; padding: .25rem .75rem;
  border-top: 1px solid var(--edge); overflow-wrap: anywhere; font-weight: 400 }
thead th { color: var(--quiet) }
tbody th, tbody td, code { font-family: ui-monospace, monospace }
tbody th { font-weight: 600; min-width: 7rem }
.kind { color: var(--quiet); white-space: nowrap }
.wide { overflow-x: auto }
section > .wide { border: 1px solid var(--edge); border-radius: .375rem; background: var(--raised) }
.wide table { border-top: 0 }
.routes th, .routes td { overflow-wrap: normal }
ul { margin: 0; padding-left: 1.25rem; line-height: 1.8 }
a { color: var(--link) }
.none { margin: 0; padding: .5rem .75rem; color: var(--quiet) }
footer { margin-top: 2rem; color: var(--quiet); font-size: .8125rem; overflow-wrap: anywhere }
@media (max-width: 40rem) {
  table:not(.wide table), table:not(.wide table) tbody, table:not(.wide table) tr,
  table:not(.wide table) td, table:not(.wide table) th { display: block }
  table:not(.wide table) td { border-top: 0; padding-top: 0 }
}
"""
