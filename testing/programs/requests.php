<?php // PHP's binding: questions and answers of several frames, and its poller.
$context = new ZMQContext();
$server = $context->getSocket(ZMQ::SOCKET_REP);
$server->bind("tcp://127.0.0.1:*");
$client = $context->getSocket(ZMQ::SOCKET_REQ);
$client->connect($server->getSockOpt(ZMQ::SOCKOPT_LAST_ENDPOINT));
$poll = new ZMQPoll();
$poll->add($client, ZMQ::POLL_IN);
for ($number = 0; $number < 1000; $number++) {
    $client->sendMulti(["number", (string)$number]);
    $server->send($server->recvMulti()[1]);
    $readable = $writable = [];
    if ($poll->poll($readable, $writable, 30000) !== 1 || $client->recv() !== (string)$number) {
        exit(1);
    }
}
