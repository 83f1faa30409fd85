// cppzmq, compiled against our header with the draft sockets: multipart messages, typed options, the poller.
#include <chrono>
#include <cstdlib>
#include <zmq.hpp>
#include <zmq_addon.hpp>

static void must(bool so) {
    if (!so) std::abort();
}

int main() {
    zmq::context_t context;
    zmq::socket_t router(context, zmq::socket_type::router), dealer(context, zmq::socket_type::dealer);
    router.bind("tcp://127.0.0.1:*");
    dealer.set(zmq::sockopt::routing_id, "me");
    dealer.connect(router.get(zmq::sockopt::last_endpoint));
    for (int number = 0; number < 1000; number++) {
        zmq::multipart_t question;
        question.addstr("number");
        question.addtyp(number);
        question.send(dealer);
        zmq::multipart_t taken(router);
        must(taken.size() == 3 && taken.popstr() == "me");
        taken.pushstr("me");
        taken.send(router);
        zmq::multipart_t answer(dealer);
        must(answer.popstr() == "number" && answer.poptyp<int>() == number);
    }

    zmq::active_poller_t poller;
    int calls = 0;
    poller.add(router, zmq::event_flags::pollin, [&](zmq::event_flags) {
        calls++;
        zmq::multipart_t taken(router);
    });
    dealer.send(zmq::str_buffer("hello"));
    must(poller.wait(std::chrono::seconds(30)) == 1 && calls == 1);

    zmq::socket_t server(context, zmq::socket_type::server), client(context, zmq::socket_type::client);
    server.bind("inproc://numbers");
    client.connect("inproc://numbers");
    client.send(zmq::str_buffer("question"));
    zmq::message_t question;
    must(server.recv(question) && question.to_string() == "question");
    zmq::message_t answer("answer", 6);
    answer.set_routing_id(question.routing_id());
    server.send(answer, zmq::send_flags::none);
    must(client.recv(question) && question.to_string() == "answer");
}
