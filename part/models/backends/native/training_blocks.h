// The embedding and the blocks on a group of jets, forward and backward.
//
// Shapes: T tokens of the group, F features, D channels, H heads, K slots, n tokens of a jet.

#pragma once
#include "slots.h"
#include "training_net.h"

// Features (T, F) -> residual stream (T, D) in the tape.
static void embed(const TrainingNet &net, const TrainingGroup &jets, Tape &tape, Worker &worker) {
    int64_t inputs = net.embed[0].inputs, rows = jets.tokens;
    float *x = reserve(tape.scaled, rows * inputs);
    for (int64_t t = 0; t < rows; t++)
        for (int64_t f = 0; f < inputs; f++)
            x[t * inputs + f] = jets.features[t * inputs + f] * net.vectors[0].value[f] + net.vectors[1].value[f];
    for (int64_t l = 0; l < net.embed_layers; l++) {
        const PackedLinear &layer = net.embed[l];
        float *normed = reserve(tape.embed_normed[l], rows * layer.inputs);
        float *y = reserve(tape.embed_linear[l], rows * layer.padded_out);
        normalise(x, rows, layer.inputs, normed, reserve(tape.embed_inv_std[l], rows));
        apply_linear<IDENTITY>(layer.forward, normed, rows, y, worker.s);
        x = l + 1 == net.embed_layers ? reserve(tape.state, rows * net.width)
                                      : reserve(tape.a, rows * layer.padded_out);
        gelu_forward(y, rows * layer.padded_out, x);
    }
}

static void embed_backward(const TrainingNet &net, const TrainingGroup &jets, Tape &tape, Worker &worker) {
    int64_t inputs = net.embed[0].inputs, rows = jets.tokens;
    float *d = tape.d_state.data();
    for (int64_t l = net.embed_layers - 1; l >= 0; l--) {
        const PackedLinear &layer = net.embed[l];
        gelu_backward(tape.embed_linear[l].data(), rows * layer.padded_out, d);
        float *d_normed = reserve(tape.a, rows * layer.padded_in), *normed = tape.embed_normed[l].data();
        linear_backward(layer, d, normed, rows, d_normed, worker);
        d = reserve(tape.b, rows * layer.padded_in);
        normalise_backward(d_normed, normed, tape.embed_inv_std[l].data(), rows, layer.inputs, d, false);
    }
    float *scale = worker.gradient + net.vectors[0].offset, *shift = worker.gradient + net.vectors[1].offset;
    for (int64_t t = 0; t < rows; t++)
        for (int64_t f = 0; f < inputs; f++) {
            scale[f] += d[t * inputs + f] * jets.features[t * inputs + f];
            shift[f] += d[t * inputs + f];
        }
}

// What follows the attention in a block: the output projection of the heads is added to x (rows, D), then comes the
// feed-forward part.
static void residual_and_ffn(const TrainingBlock &block, float *x, int64_t rows, int64_t width, FfnTape &f,
                             Worker &worker) {
    int64_t hidden_width = block.up->padded_out;
    float *projected = reserve(f.projected, rows * width), *normed = reserve(f.normed, rows * width);
    float *up = reserve(f.up, rows * hidden_width), *hidden = reserve(f.hidden, rows * hidden_width);
    apply_linear<IDENTITY>(block.out->forward, f.head_output.data(), rows, projected, worker.s);
    normalise(projected, rows, width, projected, reserve(f.projected_inv_std, rows));
    float *middle = reserve(f.middle, rows * width);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < width; c++) {
            int64_t i = r * width + c;
            middle[i] = x[i] + projected[i] * block.post_scale->value[c] + block.post_shift->value[c];
        }
    normalise(middle, rows, width, normed, reserve(f.inv_std, rows));
    apply_linear<IDENTITY>(block.up->forward, normed, rows, up, worker.s);
    gelu_forward(up, rows * hidden_width, hidden);
    normalise(hidden, rows, hidden_width, hidden, reserve(f.hidden_inv_std, rows));
    apply_linear<IDENTITY>(block.down->forward, hidden, rows, x, worker.s);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < width; c++) x[r * width + c] += middle[r * width + c] * block.residual->value[c];
}

// d (rows, D), the gradient of the output of `residual_and_ffn`, becomes the gradient of its input x; that of the
// heads' output is written to d_head_output (rows, D).
static void residual_and_ffn_backward(const TrainingBlock &block, float *d, int64_t rows, int64_t width,
                                      const FfnTape &f, float *d_head_output, Tape &tape, Worker &worker) {
    int64_t hidden_width = block.up->padded_out;
    float *d_hidden = reserve(tape.a, rows * hidden_width), *d_up = reserve(tape.b, rows * hidden_width);
    linear_backward(*block.down, d, f.hidden.data(), rows, d_hidden, worker);
    normalise_backward(d_hidden, f.hidden.data(), f.hidden_inv_std.data(), rows, hidden_width, d_up, false);
    gelu_backward(f.up.data(), rows * hidden_width, d_up);
    linear_backward(*block.up, d_up, f.normed.data(), rows, tape.a.data(), worker);
    float *residual = worker.gradient + block.residual->offset;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < width; c++) {
            residual[c] += d[r * width + c] * f.middle[r * width + c];
            d[r * width + c] *= block.residual->value[c];
        }
    normalise_backward(tape.a.data(), f.normed.data(), f.inv_std.data(), rows, width, d, true);
    float *scale = worker.gradient + block.post_scale->offset, *shift = worker.gradient + block.post_shift->offset;
    float *d_projected = tape.a.data();
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < width; c++) {
            int64_t i = r * width + c;
            scale[c] += d[i] * f.projected[i];
            shift[c] += d[i];
            d_projected[i] = d[i] * block.post_scale->value[c];
        }
    normalise_backward(d_projected, f.projected.data(), f.projected_inv_std.data(), rows, width, tape.b.data(), false);
    linear_backward(*block.out, tape.b.data(), f.head_output.data(), rows, d_head_output, worker);
}

// The operands of one jet's attention in a particle block. The keys are the jet's particles, or slots in their place.
struct JetAttention {
    MatrixView q, k, v;
    const float *bias;
    int64_t n, keys;
};

// Calls each(jet, its first token, the offset of its bias, its mixing or null) for the jets of a group.
template <class Each>
static void for_each_jet(const TrainingNet &net, const TrainingBlock &block, const TrainingGroup &jets,
                         const float *qkv, const float *bias, Each each) {
    const std::vector<float> zeros(net.width); // queries and keys of a model that has none
    int64_t width = net.width, columns = net.values_only ? width : 3 * width, first = 0, bias_offset = 0;
    for (int64_t n : jets.lengths) {
        const float *q = qkv + first * columns;
        JetAttention jet = {{q, columns}, {q + width, columns}, {q + 2 * width, columns}, nullptr, n, n};
        if (net.values_only) jet = {{zeros.data(), 0}, {zeros.data(), 0}, {q, columns}, nullptr, n, n};
        if (bias) jet.bias = bias + bias_offset;
        if (block.mixing) {
            SlotMixing mixing(block.mixing->value, net.slots, net.ranks, jets.ranks.data() + first, n);
            each(jet, first, bias_offset, &mixing);
        } else each(jet, first, bias_offset, nullptr);
        first += n, bias_offset += net.heads * jets.bias_keys(net, n) * padded(n);
    }
}

// Makes slots, computed into the tape, the keys and values of a jet, and mixes its bias unless it is to slots already.
static void attend_to_slots(const TrainingNet &net, const TrainingGroup &jets, const SlotMixing &m, JetAttention &jet,
                            Tape &tape) {
    int64_t kv_width = 2 * net.width, size = net.heads * net.slots * padded(jet.n);
    mix_keys_and_values(m, jet.k, kv_width, reserve(tape.slots, net.slots * kv_width));
    jet.k = {tape.slots.data(), kv_width}, jet.v = {tape.slots.data() + net.width, kv_width}, jet.keys = net.slots;
    if (!jet.bias || jets.slot_features) return;
    mix_bias(m, net.heads, jet.bias, reserve(tape.slot_bias, size));
    jet.bias = tape.slot_bias.data();
}

// A particle block on the residual stream (T, D).
static void particle_block(const TrainingNet &net, const TrainingBlock &block, const TrainingGroup &jets,
                           const float *bias, float *state, BlockTape &p, Tape &tape, Worker &worker) {
    int64_t width = net.width, tokens = jets.tokens;
    float *normed = reserve(p.normed, tokens * width), *qkv = reserve(p.qkv, tokens * block.qkv->padded_out);
    float *head_output = reserve(p.ffn.head_output, tokens * width);
    normalise(state, tokens, width, normed, reserve(p.inv_std, tokens));
    apply_linear<IDENTITY>(block.qkv->forward, normed, tokens, qkv, worker.s);
    for_each_jet(net, block, jets, qkv, bias, [&](JetAttention jet, int64_t first, int64_t, const SlotMixing *mixing) {
        if (mixing) attend_to_slots(net, jets, *mixing, jet, tape);
        attend(net.heads, width, jet.q, jet.n, jet.k, jet.v, jet.keys, jet.bias, head_output + first * width, worker.s,
               1 / std::sqrt((float)width / net.heads));
    });
    residual_and_ffn(block, state, tokens, width, p.ffn, worker);
}

static void particle_block_backward(const TrainingNet &net, const TrainingBlock &block, const TrainingGroup &jets,
                                    const float *bias, float *d_bias, float *d_state, BlockTape &p, Tape &tape,
                                    Worker &worker) {
    int64_t width = net.width, tokens = jets.tokens, columns = block.qkv->padded_out, kv_width = 2 * width;
    float *d_head_output = reserve(tape.c, tokens * width), *d_qkv = reserve_zeros(tape.d, tokens * columns);
    residual_and_ffn_backward(block, d_state, tokens, width, p.ffn, d_head_output, tape, worker);
    const auto backward = [&](JetAttention jet, int64_t first, int64_t bias_offset, const SlotMixing *mixing) {
        float *d_q = d_qkv + first * columns, *d_k = d_q + width, *d_v = d_k + width;
        float *to_bias = bias ? d_bias + bias_offset : nullptr;
        const JetAttention particles = jet;
        if (net.values_only) d_v = d_q, d_q = d_k = reserve_zeros(tape.d_slots, width); // written, but never read
        if (mixing) {
            attend_to_slots(net, jets, *mixing, jet, tape);
            d_k = reserve_zeros(tape.d_slots, net.slots * kv_width), d_v = d_k + width;
            if (jet.bias != particles.bias)
                to_bias = reserve_zeros(tape.d_slot_bias, net.heads * net.slots * padded(jet.n));
        }
        attend_backward(net.heads, width, jet.q, jet.n, jet.k, jet.v, jet.keys, jet.bias,
                        d_head_output + first * width, d_q, d_k, d_v, to_bias, worker.s);
        if (mixing)
            mix_backward(*mixing, net.heads, particles.k, kv_width, d_k, d_q + width,
                         jet.bias != particles.bias ? particles.bias : nullptr, to_bias, d_bias + bias_offset,
                         jets.ranks.data() + first, net.ranks, worker.gradient + block.mixing->offset);
    };
    for_each_jet(net, block, jets, p.qkv.data(), bias, backward);
    linear_backward(*block.qkv, d_qkv, p.normed.data(), tokens, reserve(tape.a, tokens * width), worker);
    normalise_backward(tape.a.data(), p.normed.data(), p.inv_std.data(), tokens, width, d_state, true);
}

// A class block: each jet's class token (D) is the query, the token itself and the jet's particles (n, D) are the keys.
static void class_block(const TrainingNet &net, const TrainingBlock &block, const TrainingGroup &jets,
                        const float *state, float *token, BlockTape &p, Worker &worker) {
    int64_t width = net.width, count = jets.lengths.size(), keys = jets.tokens + count;
    float *normed = reserve(p.normed, keys * width), *inv_std = reserve(p.inv_std, keys);
    float *q = reserve(p.queries, count * width);
    float *kv = reserve(p.qkv, keys * 2 * width), *head_output = reserve(p.ffn.head_output, count * width);
    std::copy_n(token, count * width, reserve(p.token, count * width));
    for (int64_t b = 0; b < count; b++) {
        int64_t n = jets.lengths[b];
        normalise(token + b * width, 1, width, normed, inv_std);
        normalise(state, n, width, normed + width, inv_std + 1);
        normed += (1 + n) * width, inv_std += 1 + n, state += n * width;
    }
    apply_linear<IDENTITY>(block.qkv->forward, p.normed.data(), keys, kv, worker.s);
    apply_linear<IDENTITY>(block.class_query->forward, token, count, q, worker.s);
    for (int64_t b = 0; b < count; b++) {
        int64_t n = 1 + jets.lengths[b];
        attend(net.heads, width, {q + b * width, width}, 1, {kv, 2 * width}, {kv + width, 2 * width}, n, nullptr,
               head_output + b * width, worker.s, 1 / std::sqrt((float)width / net.heads));
        kv += n * 2 * width;
    }
    residual_and_ffn(block, token, count, width, p.ffn, worker);
}

static void class_block_backward(const TrainingNet &net, const TrainingBlock &block, const TrainingGroup &jets,
                                 float *d_state, float *d_token, BlockTape &p, Tape &tape, Worker &worker) {
    int64_t width = net.width, kv_width = 2 * width, count = jets.lengths.size(), keys = jets.tokens + count;
    float *d_head_output = reserve(tape.c, count * width);
    float *d_kv = reserve_zeros(tape.d, keys * kv_width + count * width), *d_kv_jet = d_kv;
    float *d_q = d_kv + keys * kv_width, *d_normed = reserve(tape.a, keys * width);
    residual_and_ffn_backward(block, d_token, count, width, p.ffn, d_head_output, tape, worker);
    const float *q = p.queries.data(), *kv = p.qkv.data();
    for (int64_t b = 0; b < count; b++) {
        int64_t n = 1 + jets.lengths[b];
        attend_backward(net.heads, width, {q + b * width, width}, 1, {kv, kv_width}, {kv + width, kv_width}, n,
                        nullptr, d_head_output + b * width, d_q + b * width, d_kv_jet, d_kv_jet + width, nullptr,
                        worker.s);
        kv += n * kv_width, d_kv_jet += n * kv_width;
    }
    d_normed = reserve(tape.a, keys * width); // again, since the feed-forward part may have moved the buffer
    linear_backward(*block.class_query, d_q, p.token.data(), count, d_normed, worker);
    for (int64_t i = 0; i < count * width; i++) d_token[i] += d_normed[i];
    linear_backward(*block.qkv, d_kv, p.normed.data(), keys, d_normed, worker);
    const float *normed = p.normed.data(), *inv_std = p.inv_std.data();
    for (int64_t b = 0; b < count; b++) {
        int64_t n = jets.lengths[b];
        normalise_backward(d_normed, normed, inv_std, 1, width, d_token + b * width, true);
        normalise_backward(d_normed + width, normed + width, inv_std + 1, n, width, d_state, true);
        d_normed += (1 + n) * width, normed += (1 + n) * width, inv_std += 1 + n, d_state += n * width;
    }
}
