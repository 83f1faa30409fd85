# Perl's binding, which wants to be told the library: questions and answers of several frames.
use strict;
use warnings;
use ZMQ::FFI;
use ZMQ::FFI::Constants qw(ZMQ_REQ ZMQ_REP ZMQ_LAST_ENDPOINT);

my $context = ZMQ::FFI->new(soname => shift);
die join '.', $context->version unless join('.', $context->version) eq '4.3.6';
my ($server, $client) = ($context->socket(ZMQ_REP), $context->socket(ZMQ_REQ));
$server->bind('tcp://127.0.0.1:*');
my $endpoint = $server->get(ZMQ_LAST_ENDPOINT, 'string');
$endpoint =~ s/\0//;
$client->connect($endpoint);
for my $number (1 .. 1000) {
    $client->send_multipart(['number', $number]);
    my @question = $server->recv_multipart();
    $server->send($question[1]);
    die $number unless $client->recv() == $number;
}
