#!/usr/bin/env python3
"""What a function's cold start takes: its real binary behind a Lambda runtime API, calls over TLS to the emulator.

    make emulator
    for function in api expiry-handler delivery; do (cd functions/$function && cargo lambda build --release); done
    target/emulator/bin/python benches/coldstart.py

The functions take turns, so that what else happens on the machine falls on all alike. In each turn the API's function
creates a timer, the expiry handler takes in its message, and the delivery function sends its webhook, each in a process
of its own. CPU time and memory are Linux's figures for that process, those of the median turn.
"""

import argparse
import contextlib
import http.server
import json
import os
import queue
import socket
import ssl
import statistics
import subprocess
import tempfile
import threading
import time
import zipfile
from pathlib import Path

import boto3

ROOT = Path(__file__).resolve().parents[1]
REGION = "eu-west-1"
PATIENCE = 60
FUNCTIONS = ["api", "expiry-handler", "delivery"]
BASE = {"AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


class Quiet(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def body(self):
        return self.rfile.read(int(self.headers.get("content-length", 0)))

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Receiver(Quiet):
    def do_POST(self):
        self.body()
        self.answer(200, b"{}")


class Cold:
    """One start of a function, and its first invocation."""

    def __init__(self, binary, environment, payload):
        self.figures, self.done = {}, queue.Queue()
        outer, count = self, iter(range(10))

        class Runtime(Quiet):
            def do_GET(self):
                if next(count) > 0:
                    outer.done.put(None)
                    return threading.Event().wait(PATIENCE) and None
                outer.note("init")
                deadline = str(int((time.time() + PATIENCE) * 1000))
                return self.answer(
                    200,
                    json.dumps(payload).encode(),
                    lambda_runtime_aws_request_id="1",
                    lambda_runtime_deadline_ms=deadline,
                    lambda_runtime_invoked_function_arn=f"arn:aws:lambda:{REGION}:123456789012:function:f",
                    lambda_runtime_trace_id="Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
                )

            def do_POST(self):
                outer.response = json.loads(self.body())
                outer.note("first")
                self.answer(202)

        server = serve(Runtime)
        names = {"FUNCTION_NAME": "f", "FUNCTION_VERSION": "1", "FUNCTION_MEMORY_SIZE": "128"}
        names |= {"LOG_GROUP_NAME": "g", "LOG_STREAM_NAME": "s", "RUNTIME_API": f"127.0.0.1:{server.server_port}"}
        environment = environment | {f"AWS_LAMBDA_{name}": value for name, value in names.items()}
        self.started = time.monotonic()
        self.process = subprocess.Popen([binary], env=environment, stdout=subprocess.DEVNULL)
        try:
            self.done.get(timeout=PATIENCE)
        finally:
            self.process.kill()
            self.process.wait()
            server.shutdown()
            server.server_close()

    def note(self, when):
        folder = Path(f"/proc/{self.process.pid}")
        nanoseconds = sum(int((task / "schedstat").read_text().split()[0]) for task in folder.glob("task/*"))
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        self.figures[f"cpu_{when}"] = nanoseconds / 1e6
        self.figures[f"rss_{when}"] = int(status["VmRSS"].split()[0]) / 1024
        self.figures[f"ms_{when}"] = (time.monotonic() - self.started) * 1e3


@contextlib.contextmanager
def emulator(port):
    environment = os.environ | {
        "MINISTACK_ACCOUNT_ID": "123456789012",
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "MINISTACK_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }
    log = (ROOT / "target" / "coldstart-emulator.log").open("w")
    command = [ROOT / "target/emulator/bin/python", ROOT / "tests/emulator/start.py"]
    process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=log, stderr=log)
    try:
        ready = time.monotonic() + PATIENCE
        while socket.socket().connect_ex(("127.0.0.1", port)):
            assert time.monotonic() < ready, f"the emulator does not listen: see {log.name}"
            time.sleep(0.1)
        yield
    finally:
        process.stdin.close()
        process.wait(PATIENCE)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def certificates(folder):
    """An authority and its certificate for localhost, as AWS's: ECDSA on P-256."""

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=authority")
    names = ["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"]
    issuer = ["-CA", "ca.pem", "-CAkey", "ca.key"]
    openssl("req", "-x509", *key, *issuer, "-keyout", "l.key", "-out", "l.pem", "-subj", "/CN=localhost", *names)


def tls_to(port, folder):
    """A port on which the emulator is reached over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/l.pem", f"{folder}/l.key")
    listener = socket.create_server(("127.0.0.1", 0))

    def copy(source, sink):
        with contextlib.suppress(OSError):
            while part := source.recv(65536):
                sink.sendall(part)
            sink.shutdown(socket.SHUT_RDWR)

    def connect(plain):
        with contextlib.suppress(OSError):
            client = context.wrap_socket(plain, server_side=True)
            there = socket.create_connection(("127.0.0.1", port))
            threading.Thread(target=copy, args=(there, client), daemon=True).start()
            copy(client, there)

    def accept():
        while True:
            threading.Thread(target=connect, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def deploy(endpoint):
    """What the template makes; the variables that it sets."""
    session = boto3.Session("test", "test", region_name=REGION)
    sqs = session.client("sqs", endpoint_url=endpoint)
    texts = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "dp", "ds")]
    keys = [
        [{"AttributeName": h, "KeyType": "HASH"}, {"AttributeName": r, "KeyType": "RANGE"}]
        for h, r in (("pk", "sk"), ("dp", "ds"))
    ]
    index = {"IndexName": "due", "KeySchema": keys[1], "Projection": {"ProjectionType": "KEYS_ONLY"}}
    session.client("dynamodb", endpoint_url=endpoint).create_table(
        TableName="table",
        AttributeDefinitions=texts,
        KeySchema=keys[0],
        GlobalSecondaryIndexes=[index],
        BillingMode="PAY_PER_REQUEST",
    )
    due, delivery = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("due", "delivery"))
    return sqs, {
        "TABLE_NAME": "table",
        "DUE_QUEUE_URL": due,
        "DUE_QUEUE_ARN": f"arn:aws:sqs:{REGION}:123456789012:due",
        "DELIVERY_QUEUE_URL": delivery,
        "SCHEDULE_GROUP": "default",
        "SCHEDULER_ROLE_ARN": "arn:aws:iam::123456789012:role/scheduler",
        "SCHEDULE_DLQ_ARN": f"arn:aws:sqs:{REGION}:123456789012:dead",
        "WEBHOOK_POLICY": "local",
        "AWS_CALL_TIMEOUT_SECONDS": str(PATIENCE),
    }


def create(key, receiver):
    body = {"duration": 1, "name": "cold", "webhook": f"http://127.0.0.1:{receiver}/hook"}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/timers",
        "rawQueryString": "",
        "headers": {"x-api-key": key, "host": "localhost", "content-type": "application/json"},
        "requestContext": {
            "accountId": "1",
            "apiId": "a",
            "domainName": "localhost",
            "requestId": "r",
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": 1773342238000,
            "http": {"method": "POST", "path": "/timers", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
        },
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }


def records(sqs, url):
    """The messages of a queue as an event."""
    got = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20, MaxNumberOfMessages=1)["Messages"]
    for message in got:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    it = [{"messageId": m["MessageId"], "receiptHandle": m["ReceiptHandle"], "body": m["Body"]} for m in got]
    return {"Records": it}


def zipped(binary, folder):
    path = Path(folder) / "function.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.write(binary, "bootstrap")
    return path.stat().st_size / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=21)
    parser.add_argument("--binaries", type=Path, default=ROOT / "target/lambda", help="where cargo-lambda put them")
    options = parser.parse_args()
    binaries = {name: options.binaries / name / "bootstrap" for name in FUNCTIONS}
    runs = {name: [] for name in FUNCTIONS}
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, emulator(port):
        certificates(folder)
        sqs, variables = deploy(f"http://127.0.0.1:{port}")
        tls = {"AWS_ENDPOINT_URL": f"https://localhost:{tls_to(port, folder)}", "AWS_CA_BUNDLE": f"{folder}/ca.pem"}
        environment = BASE | variables | tls
        receiver = serve(Receiver).server_port
        opened = Cold(binaries["expiry-handler"], environment, {"openAccount": {"account": "bench"}})
        key = opened.response["apiKey"]
        # The first turn brings the files into memory, and is not counted.
        for turn in range(options.runs + 1):
            for name in FUNCTIONS:
                if name == "api":
                    event = create(key, receiver)
                else:
                    event = records(sqs, variables[f"{'DUE' if name == 'expiry-handler' else 'DELIVERY'}_QUEUE_URL"])
                cold = Cold(binaries[name], environment, event)
                expected = (
                    cold.response["statusCode"] == 201 if name == "api" else cold.response == {"batchItemFailures": []}
                )
                assert expected, cold.response
                if turn:
                    runs[name].append(cold.figures)
        print("| function | binary MB | zip MB | CPU ms: init | and first call | RSS MB: init | first call |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for name, figures in runs.items():
            median = {figure: statistics.median(run[figure] for run in figures) for figure in figures[0]}
            size = binaries[name].stat().st_size / 1e6
            cells = [median["cpu_init"], median["cpu_first"], median["rss_init"], median["rss_first"]]
            shown = " | ".join(f"{cell:.1f}" for cell in cells)
            print(f"| {name} | {size:.2f} | {zipped(binaries[name], folder):.2f} | {shown} |")


if __name__ == "__main__":
    main()
