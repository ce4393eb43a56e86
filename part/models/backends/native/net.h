// A network that learns: its maps as they are given and as they are used, and what the way forth leaves for that back.
//
// Shapes: T tokens of a group of jets, F features, D channels, C classes.

#pragma once
#include "gradient.h"

// As they are given: weight (outputs, inputs), bias (outputs). at: of what belongs to it among all gradients.
struct Map {
    const float *weight, *bias;
    int64_t inputs, outputs, bf16, at;
};
struct Vector {
    const float *value;
    int64_t at;
};
struct Given {
    // slots: 0 for none, of `ranks`. values: whether there are no queries and no keys, and the bias alone attends.
    int64_t width, heads, layers, class_layers, embeds, pairs, classes, maps, gradients, slots, ranks, values;
    const Map *map;       // of the embedding; of the pairs; of each block; of each class block; the head
    const Vector *vector; // the inputs' scale and shift, the class token; of each block
};

struct Block {
    const Trained *qkv, *out, *up, *down, *ask; // of a class block: keys and values, and the token's queries
    const Vector *post_scale, *post_shift, *residual, *mixing;
};

struct Net : Given {
    std::vector<Trained> trained;
    std::vector<float> panels;
    std::vector<Block> blocks;
    const Trained *embed, *pair, *head;
};

typedef std::vector<float> Numbers;

// What the way back needs of the rest of a block.
struct Finished {
    Numbers mixed, wrote, wrote_scales, middle, normed, scales, up, hidden, hidden_scales;
};
struct Passed {
    Numbers normed, scales, qkv, queries, token;
    Finished rest;
};
struct Jets {
    Numbers features, targets;  // (T, F), (jets, C)
    const float *momenta;       // (T, 4)
    const float *to_slots;      // pair features of particles and slots (T, slots, 4), or null
    float *d_to_slots;
    std::vector<int64_t> lengths, ranks; // (T)
    int64_t tokens;
    int64_t keys(const Given &net, int64_t n) const { return to_slots ? net.slots : n; } // that the bias is to
};
struct Tape {
    std::vector<Numbers> embed_normed, embed_scales, embed_maps;
    std::vector<Passed> blocks;
    Numbers scaled, bias, d_bias, state, d_state, token, d_token, slots, d_slots, slot_bias, d_slot_bias, a, b, c, d;
};

static float *room(Numbers &v, int64_t size) {
    if ((int64_t)v.size() < size + 2 * W) v.resize(size + 2 * W); // vectors are read whole
    return v.data();
}
static float *zeros(Numbers &v, int64_t size) {
    float *at = room(v, size);
    std::fill_n(at, size, 0.f);
    return at;
}

static Net make(const Given &given) {
    Net net = {given};
    int64_t size = 0;
    for (int64_t i = 0; i < net.maps; i++) {
        const Map &m = net.map[i];
        int64_t tall = padded(m.outputs), wide = padded(m.inputs);
        net.trained.push_back({{nullptr, nullptr, m.inputs, tall, m.bf16}, {nullptr, nullptr, tall, wide, m.bf16},
                               m.inputs, tall, wide, m.at});
        size += 2 * tall * wide + tall + wide;
    }
    float *at = zeros(net.panels, size);
    for (int64_t i = 0; i < net.maps; i++) {
        const Map &m = net.map[i];
        Trained &t = net.trained[i];
        pack(m.weight, m.outputs, m.inputs, m.inputs, 1, t.there, at), at += t.tall * t.wide;
        pack(m.weight, m.inputs, 1, m.outputs, m.inputs, t.back, at), at += t.tall * t.wide;
        t.there.bias = std::copy_n(m.bias, m.outputs, at) - m.outputs, at += t.tall;
        t.back.bias = at, at += t.wide; // none: zeros
    }
    const Trained *next = net.trained.data();
    const Vector *vector = net.vector + 3;
    net.embed = next, next += net.embeds;
    net.pair = next, next += net.pairs;
    for (int64_t l = 0; l < net.layers + net.class_layers; l++, vector += 3) {
        bool asks = l >= net.layers, mixes = net.slots && !asks;
        net.blocks.push_back({next, next + 1, next + 2, next + 3, asks ? next + 4 : nullptr, vector, vector + 1,
                              vector + 2, mixes ? vector + 3 : nullptr});
        next += asks ? 5 : 4, vector += mixes;
    }
    net.head = next;
    return net;
}
