"""HTTP as messages: requests, responses, and the rules of the RFCs, without a socket."""

from bistro.ground.websocket import WebSocketOptions
from bistro.http.conditional import evaluate_preconditions, make_etag
from bistro.http.content_coding import Compressor, compress, find_codings, is_compressible, make_compressor
from bistro.http.content_disposition import content_disposition
from bistro.http.cookies import make_delete_cookie, make_set_cookie, parse_cookies
from bistro.http.dates import format_http_date, parse_http_date
from bistro.http.default_headers import DefaultHeaders
from bistro.http.errors import (
    BadRequest,
    ClientDisconnected,
    Conflict,
    ContentTooLarge,
    Forbidden,
    GatewayTimeout,
    Gone,
    HttpError,
    InsufficientStorage,
    InternalServerError,
    LengthRequired,
    Locked,
    MethodNotAllowed,
    MisdirectedRequest,
    NotAcceptable,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    RangeNotSatisfiable,
    RequestTimeout,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    UnprocessableContent,
    UnsupportedMediaType,
    UpgradeRequired,
    WebSocketDisconnected,
    http_error_for,
    problem_details,
)
from bistro.http.event_stream import Event, EventError, EventStream
from bistro.http.file import File
from bistro.http.forwarded import Hop, read_address, read_hops
from bistro.http.headers import Headers, HeaderValueError, ResponseHeaders
from bistro.http.json_lines import JsonLines
from bistro.http.long_poll import long_poll, until_stop
from bistro.http.media_types import guess_content_type
from bistro.http.methods import SAFE_METHODS
from bistro.http.multipart import FormData, FormLimits
from bistro.http.negotiation import choose_encoding, choose_language, choose_media_type
from bistro.http.request import Request, RequestTools
from bistro.http.response import Empty, Html, Json, Redirect, Response, Stream, Text
from bistro.http.uploads import Upload
from bistro.http.url import (
    Url,
    check_redirect_target,
    encode_query,
    is_local_redirect,
    parse_host,
    quote_path,
    quote_path_segment,
)
from bistro.http.websocket import SocketTools, WebSocket

__all__ = [
    "BadRequest",
    "ClientDisconnected",
    "Compressor",
    "Conflict",
    "ContentTooLarge",
    "DefaultHeaders",
    "Empty",
    "Event",
    "EventError",
    "EventStream",
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
    "InsufficientStorage",
    "InternalServerError",
    "Json",
    "JsonLines",
    "LengthRequired",
    "Locked",
    "MethodNotAllowed",
    "MisdirectedRequest",
    "NotAcceptable",
    "NotFound",
    "PreconditionFailed",
    "PreconditionRequired",
    "RangeNotSatisfiable",
    "Redirect",
    "Request",
    "RequestTimeout",
    "RequestTools",
    "Response",
    "ResponseHeaders",
    "SAFE_METHODS",
    "ServiceUnavailable",
    "SocketTools",
    "Stream",
    "Text",
    "TooManyRequests",
    "Unauthorized",
    "UnprocessableContent",
    "UnsupportedMediaType",
    "UpgradeRequired",
    "Upload",
    "Url",
    "WebSocket",
    "WebSocketDisconnected",
    "WebSocketOptions",
    "check_redirect_target",
    "choose_encoding",
    "choose_language",
    "choose_media_type",
    "compress",
    "content_disposition",
    "encode_query",
    "evaluate_preconditions",
    "find_codings",
    "format_http_date",
    "guess_content_type",
    "http_error_for",
    "is_compressible",
    "is_local_redirect",
    "long_poll",
    "make_compressor",
    "make_delete_cookie",
    "make_etag",
    "make_set_cookie",
    "parse_cookies",
    "Hop",
    "parse_host",
    "read_address",
    "read_hops",
    "parse_http_date",
    "problem_details",
    "quote_path",
    "quote_path_segment",
    "until_stop",
]
