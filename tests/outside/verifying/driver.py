"""Reads requests as JSON lines and says of each whether the snippet trusts it."""

import base64
import json
import sys

from snippet import verify

for line in sys.stdin:
    request = json.loads(line)
    print(str(verify(request["headers"], base64.b64decode(request["body"]), request["secret"])).lower())
