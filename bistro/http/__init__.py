"""HTTP as messages: requests, responses, and the rules of the RFCs, without a socket."""

from bistro.http.conditional import evaluate_preconditions, make_etag
from bistro.http.errors import (
    BadRequest,
    ClientDisconnected,
    Conflict,
    ContentTooLarge,
    Forbidden,
    GatewayTimeout,
    Gone,
    HttpError,
    InternalServerError,
    MethodNotAllowed,
    MisdirectedRequest,
    NotAcceptable,
    NotFound,
    PreconditionFailed,
    RangeNotSatisfiable,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    UnprocessableContent,
    UnsupportedMediaType,
    problem_details,
)
from bistro.http.file import File
from bistro.http.headers import Headers, HeaderValueError, ResponseHeaders
from bistro.http.multipart import FormData, FormLimits
from bistro.http.request import Request, RequestTools
from bistro.http.response import DefaultHeaders, Empty, Html, Json, Redirect, Response, Stream, Text
from bistro.http.uploads import Upload
from bistro.http.url import Url, parse_host

__all__ = [
    "BadRequest",
    "ClientDisconnected",
    "Conflict",
    "ContentTooLarge",
    "DefaultHeaders",
    "Empty",
    "File",
    "Forbidden",
    "FormData",
    "FormLimits",
    "GatewayTimeout",
    "Gone",
    "HeaderValueError",
    "Headers",
    "Html",
    "HttpError",
    "InternalServerError",
    "Json",
    "MethodNotAllowed",
    "MisdirectedRequest",
    "NotAcceptable",
    "NotFound",
    "PreconditionFailed",
    "RangeNotSatisfiable",
    "Redirect",
    "Request",
    "RequestTools",
    "Response",
    "ResponseHeaders",
    "ServiceUnavailable",
    "Stream",
    "Text",
    "TooManyRequests",
    "Unauthorized",
    "UnprocessableContent",
    "UnsupportedMediaType",
    "Upload",
    "Url",
    "evaluate_preconditions",
    "make_etag",
    "parse_host",
    "problem_details",
]
