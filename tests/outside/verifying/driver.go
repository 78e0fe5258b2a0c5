// Reads requests as JSON lines and says of each whether the snippet trusts it.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
)

func main() {
	requests := json.NewDecoder(os.Stdin)
	for {
		var request struct {
			Headers map[string]string
			Body    []byte
			Secret  string
		}
		if err := requests.Decode(&request); err == io.EOF {
			return
		} else if err != nil {
			panic(err)
		}
		fmt.Println(Verify(request.Headers, request.Body, request.Secret))
	}
}
