// What ParT learns from a batch: logits, and the gradients of its cross entropy, in one pass over packed tokens. A
// group of jets at a time goes forth and back, so that all of it stays in the cache.
//
// Norms' weights are folded into the linear maps that follow, and torch differentiates the folding (learn.py).
//
// Shapes: T tokens of a group, F features, D channels, H heads, n tokens of a jet, C classes.

#include "bias.h"
#include "blocks.h"
#include <omp.h>

// -> logits (jets, C); the gradients of the cross entropy with the targets (jets, C), `share` of it, are added to.
static void group(const Net &net, const Jets &jets, float share, float *logits, Tape &tape, Worker &k) {
    int64_t width = net.width, count = jets.lengths.size();
    tape.blocks.resize(net.blocks.size());
    for (auto *v : {&tape.embed_normed, &tape.embed_scales, &tape.embed_maps})
        v->resize(std::max(net.embeds, net.pairs));
    embed(net, jets, tape, k);
    if (net.pairs) biases(net, jets, tape, k);
    float *bias = net.pairs ? tape.bias.data() : nullptr, *d_bias = tape.d_bias.data(), *state = tape.state.data();
    float *token = room(tape.token, count * width), *d_token = zeros(tape.d_token, count * width);
    for (int64_t b = 0; b < count; b++) std::copy_n(net.vector[2].value, width, token + b * width);
    for (int64_t l = 0; l < net.layers; l++) mix(net, net.blocks[l], jets, bias, state, tape.blocks[l], tape, k);
    for (int64_t l = net.layers; l < net.layers + net.class_layers; l++)
        ask(net, net.blocks[l], jets, state, token, tape.blocks[l], k);
    float *normed = room(tape.c, count * width), *scales = room(tape.d, count);
    float *out = room(tape.a, count * net.head->tall);
    normalise(token, count, width, normed, scales);
    apply<PLAIN>(net.head->there, normed, count, out, k.s);
    for (int64_t b = 0; b < count; b++, out += net.head->tall) {
        float top = *std::max_element(out, out + net.classes), total = 0, given = 0;
        for (int64_t c = 0; c < net.classes; c++) {
            logits[b * net.classes + c] = out[c];
            given += jets.targets[b * net.classes + c];
            total += out[c] = std::exp(out[c] - top);
        }
        for (int64_t c = 0; c < net.head->tall; c++)
            out[c] = c < net.classes ? share * (given * out[c] / total - jets.targets[b * net.classes + c]) : 0;
    }
    float *d_state = zeros(tape.d_state, jets.tokens * width);
    back(*net.head, tape.a.data(), normed, count, room(tape.b, count * width), k);
    normalise_back(tape.b.data(), normed, scales, count, width, d_token, false);
    for (int64_t l = net.layers + net.class_layers - 1; l >= net.layers; l--)
        ask_back(net, net.blocks[l], jets, d_state, d_token, tape.blocks[l], tape, k);
    float *to_token = k.gradient + net.vector[2].at;
    for (int64_t b = 0; b < count; b++)
        for (int64_t i = 0; i < width; i++) to_token[i] += d_token[b * width + i];
    for (int64_t l = net.layers - 1; l >= 0; l--)
        mix_back(net, net.blocks[l], jets, bias, d_bias, d_state, tape.blocks[l], tape, k);
    embed_back(net, jets, tape, k);
    if (net.pairs) biases_back(net, jets, tape, k);
}

// One batch of B jets: particles in a row x (T, F), v (T, 4), and, for slots, their ranks (T) and pair features with
// the slots (T, slots, 4) or null; lengths (B); targets (B, C).
struct Batch {
    const float *x, *v, *to_slots, *targets;
    const int64_t *lengths, *ranks;
    int64_t jets, inputs;
};

// -> logits (B, C), the gradient of the mean cross entropy by to_slots, and those, zero before, by all maps and vectors
// of each thread (threads, gradients). Which thread has which jets is always the same, and so is the sum.
extern "C" void learn(const Given *given, const Batch *batch, float *logits, float *d_to_slots, float *gradients,
                      int64_t threads) {
    constexpr int64_t ENOUGH = 192; // tokens of a group
    [[maybe_unused]] static const bool asked = (ask_for_tiles(), true);
    const Net net = make(*given);
    const Batch &b = *batch;
    std::vector<int64_t> starts = {0}, tokens = {0};
    for (int64_t jet = 0, all = 0; jet < b.jets; jet++) {
        all += b.lengths[jet];
        if (all - tokens.back() >= ENOUGH || jet + 1 == b.jets) starts.push_back(jet + 1), tokens.push_back(all);
    }
#pragma omp parallel num_threads(threads)
    {
        [[maybe_unused]] Tiles tiles;
        Worker worker;
        Tape tape;
        Jets some;
        worker.gradient = gradients + omp_get_thread_num() * net.gradients;
#pragma omp for schedule(static, 1)
        for (int64_t g = 0; g < (int64_t)starts.size() - 1; g++) {
            int64_t first = starts[g], last = starts[g + 1], from = tokens[g], to = tokens[g + 1];
            some.tokens = to - from;
            some.features.assign(b.x + from * b.inputs, b.x + to * b.inputs);
            some.targets.assign(b.targets + first * net.classes, b.targets + last * net.classes);
            some.lengths.assign(b.lengths + first, b.lengths + last);
            if (b.ranks) some.ranks.assign(b.ranks + from, b.ranks + to);
            some.momenta = b.v + 4 * from;
            some.to_slots = b.to_slots ? b.to_slots + from * net.slots * 4 : nullptr;
            some.d_to_slots = b.to_slots ? d_to_slots + from * net.slots * 4 : nullptr;
            group(net, some, 1.f / b.jets, logits + first * net.classes, tape, worker);
        }
    }
}
