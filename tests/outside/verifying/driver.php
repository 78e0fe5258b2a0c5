<?php

// Reads requests as JSON lines and says of each whether the snippet trusts it.
require 'snippet.php';

while (($line = fgets(STDIN)) !== false) {
    $request = json_decode($line, true);
    echo verify($request['headers'], base64_decode($request['body']), $request['secret']) ? "true\n" : "false\n";
}
