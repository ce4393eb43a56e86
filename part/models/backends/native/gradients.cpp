// The training step of ParT and its attention variants: logits, and the gradients of their cross entropy, in one pass
// over packed tokens. One group of jets at a time goes forward and backward, so that its activations stay in the cache.
//
// The scales and shifts of norms are folded into the linear layers that follow them; torch folds, and differentiates
// the folding (gradients.py).
//
// Shapes: B jets, T tokens of a group, F features, D channels, H heads, n tokens of a jet, K slots, C classes.

#include "library.h"
#include "live_pairs.h"
#include "training_bias.h"
#include "training_blocks.h"
#include <omp.h>

// The forward and backward pass of a group. Writes the logits (jets, C), and adds the gradients of the cross entropy
// with the group's targets (jets, C), weighted by `weight`, to the worker's.
static void group_gradients(const TrainingNet &net, const TrainingGroup &jets, float weight, float *logits, Tape &tape,
                            Worker &worker) {
    int64_t width = net.width, count = jets.lengths.size();
    tape.blocks.resize(net.blocks.size());
    for (auto *v : {&tape.embed_normed, &tape.embed_inv_std, &tape.embed_linear})
        v->resize(std::max(net.embed_layers, net.pair_layers));
    embed(net, jets, tape, worker);
    const bool has_bias = net.pair_layers || jets.pair_values;
    if (has_bias) group_bias(net, jets, tape, worker);
    float *bias = has_bias ? tape.bias.data() : nullptr, *d_bias = tape.d_bias.data();
    float *state = tape.state.data();
    float *token = reserve(tape.token, count * width), *d_token = reserve_zeros(tape.d_token, count * width);
    for (int64_t b = 0; b < count; b++) std::copy_n(net.vectors[2].value, width, token + b * width);
    for (int64_t l = 0; l < net.layers; l++)
        particle_block(net, net.blocks[l], jets, bias, state, tape.blocks[l], tape, worker);
    for (int64_t l = net.layers; l < net.layers + net.class_layers; l++)
        class_block(net, net.blocks[l], jets, state, token, tape.blocks[l], worker);
    float *normed = reserve(tape.c, count * width), *inv_std = reserve(tape.d, count);
    float *out = reserve(tape.a, count * net.head->padded_out);
    normalise(token, count, width, normed, inv_std);
    apply_linear<IDENTITY>(net.head->forward, normed, count, out, worker.s);
    for (int64_t b = 0; b < count; b++, out += net.head->padded_out) {
        float largest = *std::max_element(out, out + net.classes), total = 0, target_sum = 0;
        for (int64_t c = 0; c < net.classes; c++) {
            logits[b * net.classes + c] = out[c];
            target_sum += jets.targets[b * net.classes + c];
            total += out[c] = std::exp(out[c] - largest);
        }
        for (int64_t c = 0; c < net.head->padded_out; c++)
            out[c] = c < net.classes
                         ? weight * (target_sum * out[c] / total - jets.targets[b * net.classes + c])
                         : 0;
    }
    float *d_state = reserve_zeros(tape.d_state, jets.tokens * width);
    linear_backward(*net.head, tape.a.data(), normed, count, reserve(tape.b, count * width), worker);
    normalise_backward(tape.b.data(), normed, inv_std, count, width, d_token, false);
    for (int64_t l = net.layers + net.class_layers - 1; l >= net.layers; l--)
        class_block_backward(net, net.blocks[l], jets, d_state, d_token, tape.blocks[l], tape, worker);
    float *d_class_token = worker.gradient + net.vectors[2].offset;
    for (int64_t b = 0; b < count; b++)
        for (int64_t i = 0; i < width; i++) d_class_token[i] += d_token[b * width + i];
    for (int64_t l = net.layers - 1; l >= 0; l--)
        particle_block_backward(net, net.blocks[l], jets, bias, d_bias, d_state, tape.blocks[l], tape, worker);
    embed_backward(net, jets, tape, worker);
    if (has_bias) group_bias_backward(net, jets, tape, worker);
}

// A batch of B jets, whose T particles lie one after another: x (T, F), v (T, 4); for a model with slots the particles'
// ranks in pT (T) and pair features with the slots (T, K, 4), or null; the bias of all pairs of particles (P, H), if it
// was computed before, or null; lengths (B); targets (B, C). The fields mirror _Batch of gradients.py.
struct Batch {
    const float *x, *v, *slot_features, *pair_values, *targets;
    const int64_t *lengths, *ranks;
    int64_t jets, inputs;
};

// Writes the logits (B, C), the gradients of the mean cross entropy with respect to slot_features and pair_values, and, to
// an array that is zero before, each thread's gradients of all linear layers and vectors (threads, gradients). Groups are assigned to
// threads statically, so that the sums do not depend on timing.
extern "C" void loss_and_gradients(const NetSpec *spec, const Batch *batch, float *logits, float *d_slot_features,
                                   float *d_pair_values, float *gradients, int64_t threads) {
    constexpr int64_t GROUP_TOKENS = 192;
    [[maybe_unused]] static const bool requested = (request_amx(), true);
    const TrainingNet net = pack_net(*spec);
    const Batch &b = *batch;
    std::vector<int64_t> starts = {0}, tokens = {0}, pairs = {0};
    for (int64_t jet = 0, total = 0, total_pairs = 0; jet < b.jets; jet++) {
        total += b.lengths[jet], total_pairs += b.lengths[jet] * (b.lengths[jet] + 1) / 2;
        if (total - tokens.back() >= GROUP_TOKENS || jet + 1 == b.jets)
            starts.push_back(jet + 1), tokens.push_back(total), pairs.push_back(total_pairs);
    }
#pragma omp parallel num_threads(threads)
    {
        [[maybe_unused]] TileScope tiles;
        Worker worker;
        Tape tape;
        TrainingGroup group;
        worker.gradient = gradients + omp_get_thread_num() * net.gradients;
#pragma omp for schedule(static, 1)
        for (int64_t g = 0; g < (int64_t)starts.size() - 1; g++) {
            int64_t first = starts[g], last = starts[g + 1], from = tokens[g], to = tokens[g + 1];
            group.tokens = to - from;
            group.features.assign(b.x + from * b.inputs, b.x + to * b.inputs);
            group.targets.assign(b.targets + first * net.classes, b.targets + last * net.classes);
            group.lengths.assign(b.lengths + first, b.lengths + last);
            if (b.ranks) group.ranks.assign(b.ranks + from, b.ranks + to);
            group.momenta = b.v + 4 * from;
            group.slot_features = b.slot_features ? b.slot_features + from * net.slots * 4 : nullptr;
            group.d_slot_features = b.slot_features ? d_slot_features + from * net.slots * 4 : nullptr;
            group.pair_values = b.pair_values ? b.pair_values + pairs[g] * net.heads : nullptr;
            group.d_pair_values = b.pair_values ? d_pair_values + pairs[g] * net.heads : nullptr;
            group_gradients(net, group, 1.f / b.jets, logits + first * net.classes, tape, worker);
        }
    }
}

// The passes of live_pairs.h, for Python.
extern "C" void live_pair_features(const float *v, const int64_t *lengths, float *features, int64_t jets,
                                   int64_t threads) {
    live_features(v, lengths, features, jets, threads);
}
extern "C" void live_pair_forward(const LiveLayer *layer, float *outputs, double *sums, int64_t threads) {
    live_forward(*layer, outputs, sums, threads);
}
extern "C" void live_pair_backward(const LiveLayer *layer, const float *outputs, const float *d_normed,
                                   const float *coefficients, float *d_inputs, double *sums, float *gradient,
                                   int64_t threads) {
    live_backward(*layer, outputs, d_normed, coefficients, d_inputs, sums, gradient, threads);
}
