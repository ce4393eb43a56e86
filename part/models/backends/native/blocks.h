// The embedding and the blocks on a group of jets, forth and back.
//
// Shapes: T tokens of the group, F features, D channels, H heads, K slots, n tokens of a jet.

#pragma once
#include "net.h"
#include "slots.h"

// Features (T, F) -> states (T, D).
static void embed(const Net &net, const Jets &jets, Tape &tape, Worker &k) {
    int64_t inputs = net.embed[0].inputs, rows = jets.tokens;
    float *x = room(tape.scaled, rows * inputs);
    for (int64_t t = 0; t < rows; t++)
        for (int64_t f = 0; f < inputs; f++)
            x[t * inputs + f] = jets.features[t * inputs + f] * net.vector[0].value[f] + net.vector[1].value[f];
    for (int64_t l = 0; l < net.embeds; l++) {
        const Trained &map = net.embed[l];
        float *normed = room(tape.embed_normed[l], rows * map.inputs), *y = room(tape.embed_maps[l], rows * map.tall);
        normalise(x, rows, map.inputs, normed, room(tape.embed_scales[l], rows));
        apply<PLAIN>(map.there, normed, rows, y, k.s);
        x = l + 1 == net.embeds ? room(tape.state, rows * net.width) : room(tape.a, rows * map.tall);
        gelus(y, rows * map.tall, x);
    }
}

static void embed_back(const Net &net, const Jets &jets, Tape &tape, Worker &k) {
    int64_t inputs = net.embed[0].inputs, rows = jets.tokens;
    float *d = tape.d_state.data();
    for (int64_t l = net.embeds - 1; l >= 0; l--) {
        const Trained &map = net.embed[l];
        gelus_back(tape.embed_maps[l].data(), rows * map.tall, d);
        float *dn = room(tape.a, rows * map.wide), *normed = tape.embed_normed[l].data();
        back(map, d, normed, rows, dn, k);
        d = room(tape.b, rows * map.wide);
        normalise_back(dn, normed, tape.embed_scales[l].data(), rows, map.inputs, d, false);
    }
    float *scale = k.gradient + net.vector[0].at, *shift = k.gradient + net.vector[1].at;
    for (int64_t t = 0; t < rows; t++)
        for (int64_t f = 0; f < inputs; f++) {
            scale[f] += d[t * inputs + f] * jets.features[t * inputs + f];
            shift[f] += d[t * inputs + f];
        }
}

// What follows the attention in a block: x (rows, D) takes what the heads wrote, then the feed-forward part.
static void finish(const Block &block, float *x, int64_t rows, int64_t width, Finished &f, Worker &k) {
    int64_t wide = block.up->tall;
    float *wrote = room(f.wrote, rows * width), *normed = room(f.normed, rows * width);
    float *up = room(f.up, rows * wide), *hidden = room(f.hidden, rows * wide);
    apply<PLAIN>(block.out->there, f.mixed.data(), rows, wrote, k.s);
    normalise(wrote, rows, width, wrote, room(f.wrote_scales, rows));
    float *middle = room(f.middle, rows * width);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < width; i++) {
            int64_t at = r * width + i;
            middle[at] = x[at] + wrote[at] * block.post_scale->value[i] + block.post_shift->value[i];
        }
    normalise(middle, rows, width, normed, room(f.scales, rows));
    apply<PLAIN>(block.up->there, normed, rows, up, k.s);
    gelus(up, rows * wide, hidden);
    normalise(hidden, rows, wide, hidden, room(f.hidden_scales, rows));
    apply<PLAIN>(block.down->there, hidden, rows, x, k.s);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < width; i++) x[r * width + i] += middle[r * width + i] * block.residual->value[i];
}

// d (rows, D), the gradient of what finish gave, becomes that of the x it took; d_mixed (rows, D) is found.
static void finish_back(const Block &block, float *d, int64_t rows, int64_t width, const Finished &f, float *d_mixed,
                        Tape &tape, Worker &k) {
    int64_t wide = block.up->tall;
    float *d_hidden = room(tape.a, rows * wide), *d_up = room(tape.b, rows * wide);
    back(*block.down, d, f.hidden.data(), rows, d_hidden, k);
    normalise_back(d_hidden, f.hidden.data(), f.hidden_scales.data(), rows, wide, d_up, false);
    gelus_back(f.up.data(), rows * wide, d_up);
    back(*block.up, d_up, f.normed.data(), rows, tape.a.data(), k);
    float *residual = k.gradient + block.residual->at;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < width; i++) {
            residual[i] += d[r * width + i] * f.middle[r * width + i];
            d[r * width + i] *= block.residual->value[i];
        }
    normalise_back(tape.a.data(), f.normed.data(), f.scales.data(), rows, width, d, true);
    float *scale = k.gradient + block.post_scale->at, *shift = k.gradient + block.post_shift->at;
    float *d_wrote = tape.a.data();
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < width; i++) {
            int64_t at = r * width + i;
            scale[i] += d[at] * f.wrote[at];
            shift[i] += d[at];
            d_wrote[at] = d[at] * block.post_scale->value[i];
        }
    normalise_back(d_wrote, f.wrote.data(), f.wrote_scales.data(), rows, width, tape.b.data(), false);
    back(*block.out, tape.b.data(), f.mixed.data(), rows, d_mixed, k);
}

// What a particle block's queries meet, jet by jet: the jet's particles, or slots in their place.
struct Met {
    Rows q, k, v; // in the numbers that the block's first map gave
    const float *bias;
    int64_t n, keys;
};

// Calls each(met, token at which the jet begins, numbers of the bias before it, its mixing or null).
template <class Each>
static void for_jets(const Net &net, const Block &block, const Jets &jets, const float *qkv, const float *bias,
                     Each each) {
    const std::vector<float> none(net.width); // in place of queries and keys
    int64_t width = net.width, columns = net.values ? width : 3 * width, first = 0, before = 0;
    for (int64_t n : jets.lengths) {
        const float *at = qkv + first * columns;
        Met met = {{at, columns}, {at + width, columns}, {at + 2 * width, columns}, nullptr, n, n};
        if (net.values) met = {{none.data(), 0}, {none.data(), 0}, {at, columns}, nullptr, n, n};
        if (bias) met.bias = bias + before;
        if (block.mixing) {
            Mixing mixing(block.mixing->value, net.slots, net.ranks, jets.ranks.data() + first, n);
            each(met, first, before, &mixing);
        } else each(met, first, before, nullptr);
        first += n, before += net.heads * jets.keys(net, n) * padded(n);
    }
}

// Slots in place of a jet's particles, in the tape.
static void put_slots(const Net &net, const Jets &jets, const Mixing &m, Met &met, Tape &tape) {
    int64_t two = 2 * net.width, size = net.heads * net.slots * padded(met.n);
    to_slots(m, met.k, two, room(tape.slots, net.slots * two));
    met.k = {tape.slots.data(), two}, met.v = {tape.slots.data() + net.width, two}, met.keys = net.slots;
    if (!met.bias || jets.to_slots) return;
    bias_to_slots(m, net.heads, met.bias, room(tape.slot_bias, size));
    met.bias = tape.slot_bias.data();
}

// A particle block on the states (T, D).
static void mix(const Net &net, const Block &block, const Jets &jets, const float *bias, float *state, Passed &p,
                Tape &tape, Worker &k) {
    int64_t width = net.width, tokens = jets.tokens;
    float *normed = room(p.normed, tokens * width), *qkv = room(p.qkv, tokens * block.qkv->tall);
    float *mixed = room(p.rest.mixed, tokens * width);
    normalise(state, tokens, width, normed, room(p.scales, tokens));
    apply<PLAIN>(block.qkv->there, normed, tokens, qkv, k.s);
    for_jets(net, block, jets, qkv, bias, [&](Met met, int64_t first, int64_t, const Mixing *mixing) {
        if (mixing) put_slots(net, jets, *mixing, met, tape);
        attend(net.heads, width, met.q, met.n, met.k, met.v, met.keys, met.bias, mixed + first * width, k.s);
    });
    finish(block, state, tokens, width, p.rest, k);
}

static void mix_back(const Net &net, const Block &block, const Jets &jets, const float *bias, float *d_bias,
                     float *d_state, Passed &p, Tape &tape, Worker &k) {
    int64_t width = net.width, tokens = jets.tokens, columns = block.qkv->tall, two = 2 * width;
    float *d_mixed = room(tape.c, tokens * width), *d_qkv = zeros(tape.d, tokens * columns);
    finish_back(block, d_state, tokens, width, p.rest, d_mixed, tape, k);
    for_jets(net, block, jets, p.qkv.data(), bias, [&](Met met, int64_t first, int64_t before, const Mixing *mixing) {
        float *d_q = d_qkv + first * columns, *d_k = d_q + width, *d_v = d_k + width;
        float *to_bias = bias ? d_bias + before : nullptr;
        const Met own = met;
        if (net.values) d_v = d_q, d_q = d_k = zeros(tape.d_slots, width); // which nobody reads
        if (mixing) {
            put_slots(net, jets, *mixing, met, tape);
            d_k = zeros(tape.d_slots, net.slots * two), d_v = d_k + width;
            if (met.bias != own.bias) to_bias = zeros(tape.d_slot_bias, net.heads * net.slots * padded(met.n));
        }
        attend_back(net.heads, width, met.q, met.n, met.k, met.v, met.keys, met.bias, d_mixed + first * width, d_q,
                    d_k, d_v, to_bias, k.s);
        if (mixing)
            from_slots(*mixing, net.heads, own.k, two, d_k, d_q + width, met.bias != own.bias ? own.bias : nullptr,
                       to_bias, d_bias + before, jets.ranks.data() + first, net.ranks, k.gradient + block.mixing->at);
    });
    back(*block.qkv, d_qkv, p.normed.data(), tokens, room(tape.a, tokens * width), k);
    normalise_back(tape.a.data(), p.normed.data(), p.scales.data(), tokens, width, d_state, true);
}

// A class block: each jet's token (D) asks itself and the jet's states (n, D).
static void ask(const Net &net, const Block &block, const Jets &jets, const float *state, float *token, Passed &p,
                Worker &k) {
    int64_t width = net.width, count = jets.lengths.size(), answering = jets.tokens + count;
    float *normed = room(p.normed, answering * width), *scales = room(p.scales, answering);
    float *q = room(p.queries, count * width);
    float *kv = room(p.qkv, answering * 2 * width), *mixed = room(p.rest.mixed, count * width);
    std::copy_n(token, count * width, room(p.token, count * width));
    for (int64_t b = 0; b < count; b++) {
        int64_t n = jets.lengths[b];
        normalise(token + b * width, 1, width, normed, scales);
        normalise(state, n, width, normed + width, scales + 1);
        normed += (1 + n) * width, scales += 1 + n, state += n * width;
    }
    apply<PLAIN>(block.qkv->there, p.normed.data(), answering, kv, k.s);
    apply<PLAIN>(block.ask->there, token, count, q, k.s);
    for (int64_t b = 0; b < count; b++) {
        int64_t n = 1 + jets.lengths[b];
        attend(net.heads, width, {q + b * width, width}, 1, {kv, 2 * width}, {kv + width, 2 * width}, n, nullptr,
               mixed + b * width, k.s);
        kv += n * 2 * width;
    }
    finish(block, token, count, width, p.rest, k);
}

static void ask_back(const Net &net, const Block &block, const Jets &jets, float *d_state, float *d_token, Passed &p,
                     Tape &tape, Worker &k) {
    int64_t width = net.width, two = 2 * width, count = jets.lengths.size(), answering = jets.tokens + count;
    float *d_mixed = room(tape.c, count * width), *d_kv = zeros(tape.d, answering * two + count * width), *d = d_kv;
    float *d_q = d_kv + answering * two, *dn = room(tape.a, answering * width);
    finish_back(block, d_token, count, width, p.rest, d_mixed, tape, k);
    const float *q = p.queries.data(), *kv = p.qkv.data();
    for (int64_t b = 0; b < count; b++) {
        int64_t n = 1 + jets.lengths[b];
        attend_back(net.heads, width, {q + b * width, width}, 1, {kv, two}, {kv + width, two}, n, nullptr,
                    d_mixed + b * width, d_q + b * width, d, d + width, nullptr, k.s);
        kv += n * two, d += n * two;
    }
    dn = room(tape.a, answering * width);
    back(*block.ask, d_q, p.token.data(), count, dn, k);
    for (int64_t i = 0; i < count * width; i++) d_token[i] += dn[i];
    back(*block.qkv, d_kv, p.normed.data(), answering, dn, k);
    const float *normed = p.normed.data(), *scales = p.scales.data();
    for (int64_t b = 0; b < count; b++) {
        int64_t n = jets.lengths[b];
        normalise_back(dn, normed, scales, 1, width, d_token + b * width, true);
        normalise_back(dn + width, normed + width, scales + 1, n, width, d_state, true);
        dn += (1 + n) * width, normed += (1 + n) * width, scales += 1 + n, d_state += n * width;
    }
}
