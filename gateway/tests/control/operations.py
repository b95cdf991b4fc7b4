"""Which operations of API Gateway v1 boto3 really called."""
import atexit
import os

#: The file to which each script adds the names of what it called, a line each.
FILE = "GATEWAY_TEST_OPERATIONS"


def record(client):
    """Notes what this client calls, in the file that the environment names, if it names one."""
    path = os.environ.get(FILE)
    if path is None:
        return client
    called = set()
    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"response-received.{service}", _note(called))
    atexit.register(_write, path, called)
    return client


def _note(called):
    def note(event_name, parsed_response=None, **_):
        # Refused or not: only what was answered as it should has been seen to work, and the script goes on then.
        if parsed_response is not None and "Error" not in parsed_response:
            called.add(event_name.rsplit(".", 1)[1])
    return note


def _write(path, called):
    with open(path, "a", encoding="utf-8") as file:
        file.writelines(f"{name}\n" for name in sorted(called))


def main():
    """Prints the operations of the service model that are in no file."""
    import sys

    import botocore.session

    model = botocore.session.get_session().get_service_model("apigateway")
    called = set()
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            called.update(file.read().split())
    names = set(model.operation_names)
    print(len(names), len(called & names))
    print(*sorted(names - called), sep="\n")


if __name__ == "__main__":
    main()
