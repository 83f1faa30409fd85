# Ruby's binding: questions and answers of several frames.
require 'ffi-rzmq'

abort LibZMQ.version.inspect unless LibZMQ.version == { major: 4, minor: 3, patch: 6 }
context = ZMQ::Context.new
server, client = context.socket(ZMQ::REP), context.socket(ZMQ::REQ)
server.bind('tcp://127.0.0.1:*')
server.getsockopt(ZMQ::LAST_ENDPOINT, endpoint = [])
client.connect(endpoint.first.delete("\0"))
1000.times do |number|
  client.send_strings(['number', number.to_s])
  server.recv_strings(question = [])
  server.send_string(question.last)
  client.recv_string(answer = +'')
  abort answer unless answer == number.to_s
end
[client, server].each(&:close)
context.terminate
