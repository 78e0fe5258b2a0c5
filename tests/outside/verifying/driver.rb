# Reads requests as JSON lines and says of each whether the snippet trusts it.
require "json"
require_relative "snippet"

$stdin.each_line do |line|
  request = JSON.parse(line)
  puts verify(request["headers"], request["body"].unpack1("m"), request["secret"])
end
