// The particle blocks and class blocks in inference.
//
// Training has its own copy (training_blocks.h), which also records what the backward pass needs; keeping that out of
// here is part of this pass's speed.
//
// Shapes: see inference_net.h.

#pragma once
#include "inference_net.h"

// What follows the attention in a block: the output projection of the heads is added to x (rows, D), then comes the
// feed-forward part.
static void residual_and_ffn(const InferenceBlock &block, float *x, int64_t rows, const float *head_output,
                             Workspace &s) {
    int64_t stride = block.out.outputs;
    float *projected = s.get(s.b, rows * stride), *normed = s.get(s.a, rows * stride);
    apply_linear<IDENTITY>(block.out, head_output, rows, projected, s);
    if (block.post_norm)
        normalise(projected, rows, block.up.width, projected, nullptr, stride, block.post_norm == RMS_NORM);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < stride; i++)
            x[r * stride + i] += projected[r * stride + i] * block.post_scale[i] + block.post_shift[i];
    float *hidden = s.get(s.hidden, rows * block.up.linear.outputs);
    apply(block.up, x, rows, normed, hidden, s);
    apply(block.down, hidden, rows, hidden, projected, s);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < stride; i++)
            x[r * stride + i] = x[r * stride + i] * block.residual[i] + projected[r * stride + i];
}

// Normalises queries or keys of each head in place: x has rows of H d channels, `stride` apart.
static void normalise_heads(const InferenceBlock &block, float *x, int64_t rows, int64_t stride, const float *scale,
                            const float *shift) {
    int64_t d = block.channels;
    for (int64_t r = 0; r < rows && block.qk_norm; r++, x += stride) {
        normalise(x, block.heads, block.qk_width, x, nullptr, d, block.qk_norm == RMS_NORM);
        for (int64_t h = 0; h < block.heads; h++)
            for (int64_t c = 0; c < d; c++) x[h * d + c] = x[h * d + c] * scale[c] + shift[c];
    }
}

// Multiplies the heads' output (rows, H d) by the gates that x (rows, D) opens, if the block has gates.
static void apply_gates(const InferenceBlock &block, const float *x, int64_t rows, float *head_output, Workspace &s) {
    int64_t inner = block.heads * block.channels, gates = block.gate.outputs;
    if (!gates) return;
    float *gate = s.get(s.gate, rows * gates);
    apply_linear<SIGMOID>(block.gate, x, rows, gate, s);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < inner; c++) head_output[r * inner + c] *= gate[r * gates + c / block.gate_channels];
}

static void attend(const InferenceBlock &block, MatrixView q, int64_t m, MatrixView k, MatrixView v, int64_t n,
                   const float *bias, float *head_output, Workspace &s) {
    float root = 1 / std::sqrt((float)block.qk_width);
    attend(block.heads, block.heads * block.channels, q, m, k, v, n, bias, head_output, s, root);
}

// Particles (n) of a jet, whose values follow their keys in memory, attend to slots, which are mixtures of them.
static void attend_to_slots(const InferenceNet &net, const InferenceBlock &block, MatrixView q, MatrixView kv,
                            const int64_t *rank, int64_t n, const float *bias, float *head_output, Workspace &s) {
    const SlotMixing mixing(block.mixing, net.slots, net.ranks, rank, n);
    int64_t inner = block.heads * block.channels;
    float *slots = s.get(s.slots, net.slots * 2 * inner);
    mix_keys_and_values(mixing, kv, 2 * inner, slots);
    if (bias && !net.landmarks) {
        float *mixed = s.get(s.slot_bias, block.heads * net.slots * padded(n));
        mix_bias(mixing, block.heads, bias, mixed);
        bias = mixed;
    }
    attend(block, q, n, {slots, 2 * inner}, {slots + inner, 2 * inner}, net.slots, bias, head_output, s);
}

// The bias of a group as a block scales it. size: of the bias.
static const float *scaled_bias(const InferenceBlock &block, const float *bias, int64_t size, Workspace &s) {
    if (!bias || !block.bias_scale) return bias;
    float *scaled = s.get(s.slot_bias, size);
    for (int64_t i = 0; i < size; i++) scaled[i] = bias[i] * *block.bias_scale;
    return scaled;
}

// A particle block on the residual stream (T, D). bias: that of the jets, one after another, or null.
static void particle_block(const InferenceNet &net, const InferenceBlock &block, const InferenceGroup &jets,
                           const float *bias, float *state, Workspace &s) {
    int64_t tokens = jets.tokens, inner = block.heads * block.channels, columns = block.qkv.linear.outputs, first = 0;
    float *normed = s.get(s.a, tokens * net.stride), *qkv = s.get(s.qkv, tokens * columns);
    float *head_output = s.get(s.head_output, tokens * inner);
    apply(block.qkv, state, tokens, normed, qkv, s);
    normalise_heads(block, qkv, tokens, columns, block.q_scale, block.q_shift);
    normalise_heads(block, qkv + inner, tokens, columns, block.k_scale, block.k_shift);
    int64_t bias_size = 0;
    for (int64_t n : jets.lengths) bias_size += block.heads * n * padded(n);
    bias = scaled_bias(block, bias, bias_size, s);
    for (int64_t n : jets.lengths) {
        float *row = qkv + first * columns, *y = head_output + first * inner;
        MatrixView q = {row, columns}, k = {row + inner, columns}, v = {row + 2 * inner, columns};
        if (block.mixing) attend_to_slots(net, block, q, k, jets.ranks.data() + first, n, bias, y, s);
        else if (net.has_qk) attend(block, q, n, k, v, n, bias, y, s);
        else attend(block, {nullptr, 0}, n, q, q, n, bias, y, s); // the one part of a row are values
        first += n;
        if (bias) bias += block.heads * (net.landmarks ? net.slots : n) * padded(n);
    }
    if (block.gate.outputs && block.qkv.linear.input_scale) // then `apply` left no normalised states
        normalise(state, tokens, net.width, normed, nullptr, net.stride, block.qkv.norm == RMS_NORM);
    apply_gates(block, normed, tokens, head_output, s);
    residual_and_ffn(block, state, tokens, head_output, s);
}

// A class block: each jet's class token (D) is the query, the token itself and the jet's particles (n, D) are the keys.
static void class_block(const InferenceNet &net, const InferenceBlock &block, const InferenceGroup &jets,
                        const float *state, float *token, Workspace &s) {
    int64_t stride = net.stride, count = jets.lengths.size(), keys = jets.tokens + count;
    int64_t inner = block.heads * block.channels;
    float *context = s.get(s.a, keys * stride), *kv = s.get(s.qkv, keys * 2 * inner), *row = context;
    float *head_output = s.get(s.head_output, count * inner), *q = s.get(s.hidden, count * inner);
    for (int64_t b = 0; b < count; b++) {
        int64_t n = jets.lengths[b];
        std::copy_n(token + b * stride, stride, row);
        std::copy_n(state, n * stride, row + stride);
        row += (1 + n) * stride;
        state += n * stride;
    }
    apply(block.qkv, context, keys, context, kv, s);
    normalise_heads(block, kv, keys, 2 * inner, block.k_scale, block.k_shift);
    apply_linear<IDENTITY>(block.class_query, token, count, q, s);
    normalise_heads(block, q, count, inner, block.q_scale, block.q_shift);
    for (int64_t b = 0; b < count; b++) {
        int64_t n = 1 + jets.lengths[b];
        MatrixView k = {kv, 2 * inner}, v = {kv + inner, 2 * inner};
        attend(block, {q + b * inner, inner}, 1, k, v, n, nullptr, head_output + b * inner, s);
        kv += n * 2 * inner;
    }
    apply_gates(block, token, count, head_output, s);
    residual_and_ffn(block, token, count, head_output, s);
}
