// The network in training: its parameters as Python passes them and as the loops use them, and the tape on which the
// forward pass leaves what the backward pass needs.
//
// Shapes: T tokens of a group of jets, F features, D channels, C classes, K slots.

#pragma once
#include "layer_gradients.h"

// The parameters as they arrive; the fields mirror _LinearSpec, _VectorSpec and _NetSpec of gradients.py.
struct LinearSpec {
    const float *weight, *bias;            // (outputs, inputs), (outputs)
    int64_t inputs, outputs, bf16, offset; // offset: of its gradient among all gradients
};
struct VectorSpec {
    const float *value;
    int64_t offset;
};
struct NetSpec {
    // slots: 0 for a model without. values_only: there are no queries and keys; the bias alone gives the attention.
    int64_t width, heads, layers, class_layers, embed_layers, pair_layers, classes, n_linears, gradients, slots, ranks,
        values_only;
    const LinearSpec *linears; // of the embedding, of the pair MLP, of each block, of each class block, the head
    const VectorSpec *vectors; // the inputs' scale and shift, the class token, then those of each block
};

struct TrainingBlock {
    const PackedLinear *qkv, *out, *up, *down, *class_query; // of a class block qkv holds keys and values only
    const VectorSpec *post_scale, *post_shift, *residual, *mixing;
};

struct TrainingNet : NetSpec {
    std::vector<PackedLinear> packed;
    std::vector<float> panels; // memory of the packed weights
    std::vector<TrainingBlock> blocks;
    const PackedLinear *embed, *pair, *head;
};

typedef std::vector<float> Buffer;

// What the backward pass needs of the second half of a block, from the output projection on.
struct FfnTape {
    Buffer head_output, projected, projected_inv_std, middle, normed, inv_std, up, hidden, hidden_inv_std;
};
// What it needs of a whole block.
struct BlockTape {
    Buffer normed, inv_std, qkv, queries, token;
    FfnTape ffn;
};

// Jets that pass through the network together.
struct TrainingGroup {
    Buffer features, targets;            // (T, F), (jets, C)
    const float *momenta;                // (T, 4)
    const float *slot_features;          // pair features of particles and slots (T, K, 4), or null
    float *d_slot_features;              // their gradient
    const float *pair_values;            // the bias of each pair (P, H), if it was computed before; else null
    float *d_pair_values;                // its gradient
    std::vector<int64_t> lengths, ranks; // (jets), (T)
    int64_t tokens;
    // The number of keys that the bias of a jet of n particles has.
    int64_t bias_keys(const NetSpec &net, int64_t n) const { return slot_features ? net.slots : n; }
};

struct Tape {
    std::vector<Buffer> embed_normed, embed_inv_std, embed_linear;
    std::vector<BlockTape> blocks;
    Buffer scaled, bias, d_bias, state, d_state, token, d_token, slots, d_slots, slot_bias, d_slot_bias, a, b, c, d;
};

static float *reserve(Buffer &v, int64_t size) {
    if ((int64_t)v.size() < size + 2 * W) v.resize(size + 2 * W); // loads read whole vectors
    return v.data();
}
static float *reserve_zeros(Buffer &v, int64_t size) {
    float *data = reserve(v, size);
    std::fill_n(data, size, 0.f);
    return data;
}

// Packs layers for both passes. panels: receives the memory of the packed weights.
static void pack_layers(const LinearSpec *linears, int64_t count, Buffer &panels, std::vector<PackedLinear> &packed) {
    int64_t size = 0;
    for (int64_t i = 0; i < count; i++) {
        const LinearSpec &layer = linears[i];
        int64_t out = padded(layer.outputs), in = padded(layer.inputs);
        Linear forward = {nullptr, nullptr, layer.inputs, out, layer.bf16};
        Linear backward = {nullptr, nullptr, out, in, layer.bf16};
        packed.push_back({forward, backward, layer.inputs, out, in, layer.offset});
        size += 2 * out * in + out + in;
    }
    float *to = reserve_zeros(panels, size);
    for (int64_t i = 0; i < count; i++) {
        const LinearSpec &layer = linears[i];
        PackedLinear &p = packed[i];
        int64_t panel_size = p.padded_out * p.padded_in;
        pack(layer.weight, layer.outputs, layer.inputs, layer.inputs, 1, p.forward, to), to += panel_size;
        pack(layer.weight, layer.inputs, 1, layer.outputs, layer.inputs, p.backward, to), to += panel_size;
        p.forward.bias = std::copy_n(layer.bias, layer.outputs, to) - layer.outputs, to += p.padded_out;
        p.backward.bias = to, to += p.padded_in; // the transpose has no bias: zeros
    }
}

static TrainingNet pack_net(const NetSpec &spec) {
    TrainingNet net = {spec};
    pack_layers(net.linears, net.n_linears, net.panels, net.packed);
    const PackedLinear *next = net.packed.data();
    const VectorSpec *vector = net.vectors + 3;
    net.embed = next, next += net.embed_layers;
    net.pair = next, next += net.pair_layers;
    for (int64_t l = 0; l < net.layers + net.class_layers; l++, vector += 3) {
        bool is_class_block = l >= net.layers, has_mixing = net.slots && !is_class_block;
        net.blocks.push_back({next, next + 1, next + 2, next + 3, is_class_block ? next + 4 : nullptr, vector,
                              vector + 1, vector + 2, has_mixing ? vector + 3 : nullptr});
        next += is_class_block ? 5 : 4, vector += has_mixing;
    }
    net.head = next;
    return net;
}
