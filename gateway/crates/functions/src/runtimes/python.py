"""Runs Python functions: a client of Lambda's runtime API that starts fast.

What it imports itself is what every start pays for, so it speaks HTTP over a plain socket, and imports the rest when
a function needs it. Names, error documents and log lines are those of Lambda's own runtime (awslambdaric).
"""

import os
import sys
from _socket import AF_INET, IPPROTO_TCP, SOCK_STREAM, TCP_NODELAY, socket
from time import time

HERE = os.path.dirname(os.path.abspath(__file__))
PREFIX = "/2018-06-01/runtime/"
ENSURES_ASCII = os.environ.get("AWS_EXECUTION_ENV") in {
    "AWS_Lambda_python3.%d" % minor for minor in range(6, 12)
}


class Fault(Exception):
    """What the runtime finds wrong, as against what the function raises."""

    def __init__(self, kind, message, trace=None):
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.trace = trace


class Api:
    """One connection to the runtime API, for one request at a time."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self.host = address
        self.socket = socket(AF_INET, SOCK_STREAM)
        self.socket.connect((host, int(port)))
        self.socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        self.buffer = b""
        self.next_request = self._head("GET", "invocation/next", "")

    def next(self):
        """Waits for an invocation: its headers, with small letters, and its event."""
        self.socket.sendall(self.next_request)
        status, headers, body = self._answer()
        if status != 200:
            raise SystemExit("the runtime API answered %d to next" % status)
        return headers, body

    def post(self, path, body, headers=""):
        headers += "Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
        self.socket.sendall(self._head("POST", path, headers) + body)
        return self._answer()[0]

    def _head(self, method, path, headers):
        head = "%s %s%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: gateway-python\r\n%s\r\n"
        return (head % (method, PREFIX, path, self.host, headers)).encode("latin-1")

    def _answer(self):
        head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        status = int(head[0].split(" ", 2)[1])
        headers = {}
        for line in head[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = self._chunks()
        else:
            body = self._exactly(int(headers.get("content-length", 0)))
        return status, headers, body

    def _chunks(self):
        chunks = []
        while True:
            size = int(self._until(b"\r\n").split(b";")[0], 16)
            if size == 0:
                while self._until(b"\r\n"):
                    pass
                return b"".join(chunks)
            chunks.append(self._exactly(size + 2)[:-2])

    def _until(self, end):
        while True:
            at = self.buffer.find(end)
            if at >= 0:
                found, self.buffer = self.buffer[:at], self.buffer[at + len(end):]
                return found
            self.buffer += self._receive()

    def _exactly(self, size):
        parts, have = [self.buffer], len(self.buffer)
        while have < size:
            parts.append(self._receive())
            have += len(parts[-1])
        whole = b"".join(parts) if len(parts) > 1 else parts[0]
        self.buffer = whole[size:]
        return whole[:size]

    def _receive(self):
        received = self.socket.recv(65536)
        if not received:
            raise SystemExit("the runtime API has gone")
        return received


class CognitoIdentity:
    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")

    def __init__(self, identity):
        self.cognito_identity_id = identity.get("cognitoIdentityId")
        self.cognito_identity_pool_id = identity.get("cognitoIdentityPoolId")

    def __repr__(self):
        return "CognitoIdentity([cognito_identity_id=%s,cognito_identity_pool_id=%s])" % (
            self.cognito_identity_id,
            self.cognito_identity_pool_id,
        )


class Client:
    __slots__ = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")

    def __init__(self, client):
        for name in self.__slots__:
            setattr(self, name, client.get(name))


class ClientContext:
    __slots__ = ("custom", "env", "client")

    def __init__(self, context):
        self.custom = context.get("custom")
        self.env = context.get("env")
        client = context.get("client")
        self.client = Client(client) if client else None


class LambdaContext:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

    def __init__(self, headers):
        self.aws_request_id = headers.get("lambda-runtime-aws-request-id", "")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
        client = headers.get("lambda-runtime-client-context")
        self.client_context = ClientContext(json.loads(client)) if client else None
        identity = headers.get("lambda-runtime-cognito-identity")
        self.identity = CognitoIdentity((json.loads(identity) if identity else None) or {})
        self._epoch_deadline_time_in_ms = int(headers.get("lambda-runtime-deadline-ms", 0))

    def get_remaining_time_in_millis(self):
        return max(self._epoch_deadline_time_in_ms - int(time() * 1000), 0)

    def log(self, message):
        sys.stdout.write(str(message))

    def __repr__(self):
        names = (
            "aws_request_id log_group_name log_stream_name function_name memory_limit_in_mb "
            "function_version invoked_function_arn client_context identity tenant_id"
        ).split()
        pairs = ",".join("%s=%s" % (name, getattr(self, name)) for name in names)
        return "LambdaContext([%s])" % pairs


class LoggingFinder:
    """Waits for the first import of `logging`, and gives its root logger Lambda's handler."""

    current_request_id = ""

    def find_spec(self, name, path=None, target=None):
        if name != "logging":
            return None
        sys.meta_path.remove(self)
        from importlib.util import find_spec

        spec = find_spec("logging")
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            configure_logging(module)

        spec.loader.exec_module = exec_module
        return spec


def configure_logging(logging):
    from time import gmtime

    class Filter(logging.Filter):
        def filter(self, record):
            record.aws_request_id = LoggingFinder.current_request_id
            return True

    class Handler(logging.Handler):
        def emit(self, record):
            try:
                sys.stdout.write(self.format(record))
            except Exception:
                self.handleError(record)

    formatter = logging.Formatter(
        "[%(levelname)s]\t%(asctime)s.%(msecs)dZ\t%(aws_request_id)s\t%(message)s\n",
        "%Y-%m-%dT%H:%M:%S",
    )
    formatter.converter = gmtime
    handler = Handler()
    handler.setFormatter(formatter)
    handler.addFilter(Filter())
    logging.root.addHandler(handler)


def prepare_path():
    """What `site` would add, and the function's directory before all."""
    version = "python%d.%d" % sys.version_info[:2]
    if sys.path and os.path.abspath(sys.path[0] or ".") == HERE:
        del sys.path[0]
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    environment = os.path.dirname(os.path.dirname(sys.executable))
    prefixes = [sys.prefix]
    if environment != sys.prefix and os.path.exists(environment + "/pyvenv.cfg"):
        prefixes = [environment]
    candidates = ["%s/lib/%s/site-packages" % (prefix, version) for prefix in prefixes]
    if prefixes == ["/usr"]:
        candidates += ["/usr/local/lib/%s/dist-packages" % version, "/usr/lib/python3/dist-packages"]
    sys.path.extend(path for path in candidates if path not in sys.path and os.path.isdir(path))


def prepare_builtins():
    import builtins

    def leave(code=None):
        raise SystemExit(code)

    builtins.exit = builtins.quit = leave


def load(handler):
    """The function that `_HANDLER` names."""
    try:
        module_name, name = handler.rsplit(".", 1)
    except ValueError as error:
        raise Fault("Runtime.MalformedHandlerName", "Bad handler '%s': %s" % (handler, error)) from None
    if module_name.split(".")[0] in sys.builtin_module_names:
        message = "Cannot use built-in module %s as a handler module" % module_name
        raise Fault("Runtime.BuiltInModuleConflict", message)
    from importlib import import_module

    try:
        module = import_module(module_name.replace("/", "."))
    except ImportError as error:
        message = "Unable to import module '%s': %s" % (module_name, error)
        raise Fault("Runtime.ImportModuleError", message) from None
    except SyntaxError as error:
        trace = ['  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)]
        message = "Syntax error in module '%s': %s" % (module_name, error)
        raise Fault("Runtime.UserCodeSyntaxError", message, trace) from None
    try:
        return getattr(module, name)
    except AttributeError:
        message = "Handler '%s' missing on module '%s'" % (name, module_name)
        raise Fault("Runtime.HandlerNotFound", message) from None


def describe(error, request_id):
    """The error document, and what X-Ray gets."""
    if isinstance(error, Fault):
        kind, message, trace = error.kind, error.message, error.trace or []
    else:
        import traceback

        frames = traceback.extract_tb(error.__traceback__)
        # Those of this file come first, and say nothing to anybody.
        while frames and is_own(frames[0].filename):
            del frames[0]
        kind, message, trace = type(error).__name__, str(error), traceback.format_list(frames)
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}


def is_own(filename):
    return filename == __file__ or filename.startswith("<frozen importlib") or "/importlib/" in filename


def log_error(document):
    """One event of the log, whose lines a carriage return parts."""
    lines = ["[ERROR] " + ": ".join(filter(None, (document["errorType"], document["errorMessage"])))]
    lines.append("Traceback (most recent call last):")
    for trace in document["stackTrace"]:
        for line in trace.splitlines():
            bare = line.lstrip(" ")
            lines.append("\u00a0" * (len(line) - len(bare)) + bare)
    sys.stdout.write("\r".join(lines) + "\n")
    sys.stdout.flush()


def post_error(api, path, document):
    headers = "Lambda-Runtime-Function-Error-Type: %s\r\n" % document["errorType"].encode("ascii", "replace").decode()
    api.post(path, json.dumps(document).encode(), headers)


def default(value):
    """Of what JSON has no word for: a decimal."""
    if type(value).__name__ == "Decimal":
        return float(value)
    raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)


def encode(result):
    try:
        text = json.dumps(result, ensure_ascii=ENSURES_ASCII, default=default)
        # A lone surrogate has no bytes.
        return text.encode("utf-8")
    except Exception as error:
        raise Fault("Runtime.MarshalError", "Unable to marshal response: %s" % error) from None


def decode(body):
    try:
        return json.loads(body)
    except Exception as error:
        raise Fault("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % error) from None


def invoke(handler, headers, body):
    """The result's bytes, or `None` and the error document."""
    request_id = headers.get("lambda-runtime-aws-request-id", "")
    try:
        context = LambdaContext(headers)
        return encode(handler(decode(body), context)), None
    except Exception as error:
        return None, describe(error, request_id)


def main():
    global json
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace")
    prepare_path()
    prepare_builtins()
    sys.meta_path.insert(0, LoggingFinder())
    api = Api(os.environ["AWS_LAMBDA_RUNTIME_API"])
    import json

    try:
        handler = load(os.environ["_HANDLER"])
    except Exception as error:
        document = describe(error, "")
        log_error(document)
        post_error(api, "init/error", document)
        sys.exit(1)
    while True:
        headers, body = api.next()
        request_id = headers.get("lambda-runtime-aws-request-id", "")
        LoggingFinder.current_request_id = request_id
        trace_id = headers.get("lambda-runtime-trace-id")
        if trace_id:
            os.environ["_X_AMZN_TRACE_ID"] = trace_id
        elif "_X_AMZN_TRACE_ID" in os.environ:
            del os.environ["_X_AMZN_TRACE_ID"]
        result, error = invoke(handler, headers, body)
        if error is not None:
            log_error(error)
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except Exception:
            # The function closed or replaced them.
            pass
        if error is not None:
            post_error(api, "invocation/%s/error" % request_id, error)
        else:
            api.post("invocation/%s/response" % request_id, result)


if __name__ == "__main__":
    main()
