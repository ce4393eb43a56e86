// ParT's forward pass on packed tokens: no padding, a group of jets at a time, so that all of it stays in the cache.
//
// Norms' weights are folded into the linear maps that follow (native.py), which are packed in panels of 32 or 16
// outputs, [panel][input][output], so that a panel's row is two or one vectors. Vectors are gcc's: the compiler cuts
// them to what the machine has.
//
// Shapes: T tokens of a group, D channels, H heads of d channels, n tokens of a jet, P pairs i >= j of a jet.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <vector>

typedef float Vec __attribute__((vector_size(64), aligned(4)));
typedef int32_t Int __attribute__((vector_size(64), aligned(4)));
constexpr int W = 16;   // numbers of a vector
constexpr int ROWS = 8; // of a tile: 8 x 2 vectors of sums leave registers for what is multiplied

struct Linear {
    const float *weight, *bias;
    int64_t inputs, outputs; // outputs: a multiple of W
};

struct Block {
    Linear qkv, ask, out, up, down; // ask: of a class block, the queries of the token, which is not normalised
    const float *post_scale, *post_shift, *residual;
};

struct Net {
    int64_t width, heads, layers, class_layers, embeds, pairs, classes;
    const float *input_scale, *input_shift, *token;
    const Linear *embed, *pair;
    const Block *blocks, *class_blocks;
    Linear head;
};

static inline Vec load(const float *p) { return *(const Vec *)p; }
static inline void store(float *p, Vec v) { *(Vec *)p = v; }
static inline Vec all(float x) { return x - Vec{}; }

static inline float sum(Vec v) {
    float total = 0;
    for (int i = 0; i < W; i++) total += v[i];
    return total;
}

static inline float largest(Vec v) {
    float top = v[0];
    for (int i = 1; i < W; i++) top = std::max(top, v[i]);
    return top;
}

// Cody and Waite's reduction and the Taylor series: 2e-7 of the value.
static inline Vec exponential(Vec x) {
    x = x < all(-87.f) ? all(-87.f) : x;
    Vec scaled = x * 1.44269504f + 12582912.f; // adding 1.5 * 2^23 rounds to a whole number
    Vec whole = scaled - 12582912.f;
    Vec r = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
    Vec p = all(1.f / 720);
    for (float c : {1.f / 120, 1.f / 24, 1.f / 6, 0.5f, 1.f, 1.f}) p = p * r + c;
    Int power = ((Int)scaled - 0x4B400000 + 127) << 23;
    return p * (Vec)power;
}

// x times the normal distribution's integral. erf(a) / a is a polynomial in a² of degree 15, fitted at the Chebyshev
// points of |a| <= 3.92, which is erf to 2e-7; beyond, float32 has it at 1 nearly.
static inline Vec gelu(Vec x) {
    constexpr float END = 3.92f;
    Vec a = x * 0.70710678f;
    a = a > all(END) ? all(END) : a;
    a = a < all(-END) ? all(-END) : a;
    Vec s = a * a * (2 / (END * END)) - 1.f;
    Vec p = all(-0.00093927192f);
    for (float c : {
        0.00212785818f, -0.00104527798f, 0.00182033042f, -0.00817048325f, 0.014343502f,
        -0.0196174901f, 0.029609212f, -0.0435857343f, 0.0584258272f, -0.0739898904f, 0.0905922123f,
        -0.109181854f, 0.134084837f, -0.180108562f, 0.360736809f})
        p = p * s + c;
    return 0.5f * x * (1.f + a * p);
}

enum Then { PLAIN, GELU };

template <int R, int C, Then then>
static inline void tile(const float *x, int64_t stride, const float *w, const float *bias, int64_t inputs, float *y, int64_t ystride) {
    Vec sums[R][C];
    for (int c = 0; c < C; c++)
        for (int r = 0; r < R; r++) sums[r][c] = load(bias + W * c);
    for (int64_t k = 0; k < inputs; k++, w += W * C) {
        Vec row[C];
        for (int c = 0; c < C; c++) row[c] = load(w + W * c);
        for (int r = 0; r < R; r++) {
            Vec value = all(x[r * stride + k]);
            for (int c = 0; c < C; c++) sums[r][c] += value * row[c];
        }
    }
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++) store(y + r * ystride + W * c, then == GELU ? gelu(sums[r][c]) : sums[r][c]);
}

template <int C, Then then>
static void panel(const float *x, int64_t rows, int64_t stride, const float *w, const float *bias, int64_t inputs, float *y, int64_t ystride) {
    int64_t r = 0;
    for (; r + ROWS <= rows; r += ROWS) tile<ROWS, C, then>(x + r * stride, stride, w, bias, inputs, y + r * ystride, ystride);
    const auto rest = [&](auto size) { // a switch of what is left into tiles of 4, 2 and 1
        constexpr int R = decltype(size)::value;
        if (rows - r >= R) tile<R, C, then>(x + r * stride, stride, w, bias, inputs, y + r * ystride, ystride), r += R;
    };
    rest(std::integral_constant<int, 4>{}), rest(std::integral_constant<int, 2>{}), rest(std::integral_constant<int, 1>{});
}

// y (rows, outputs) = x (rows, inputs) through the map; of its outputs only those in [first, last).
template <Then then>
static void apply(const Linear &map, const float *x, int64_t rows, float *y, int64_t first = 0, int64_t last = -1) {
    if (last < 0) last = map.outputs;
    int64_t width = last - first;
    for (int64_t at = first; at < last;) {
        const float *w = map.weight + at * map.inputs, *b = map.bias + at;
        if (at + 2 * W <= map.outputs) {
            panel<2, then>(x, rows, map.inputs, w, b, map.inputs, y + at - first, width);
            at += 2 * W;
        } else {
            panel<1, then>(x, rows, map.inputs, w, b, map.inputs, y + at - first, width);
            at += W;
        }
    }
}

// Rows less their mean, over their spread; weights and shifts are folded into what follows.
static void normalise(const float *x, int64_t rows, int64_t width, float *y) {
    int64_t even = width / W * W;
    for (int64_t r = 0; r < rows; r++, x += width, y += width) {
        Vec sums = {}, squares = {};
        for (int64_t i = 0; i < even; i += W) sums += load(x + i);
        float mean = sum(sums);
        for (int64_t i = even; i < width; i++) mean += x[i];
        mean /= width;
        for (int64_t i = 0; i < even; i += W) squares += (load(x + i) - mean) * (load(x + i) - mean);
        float square = sum(squares);
        for (int64_t i = even; i < width; i++) square += (x[i] - mean) * (x[i] - mean);
        float scale = 1 / std::sqrt(square / width + 1e-5f);
        for (int64_t i = 0; i < even; i += W) store(y + i, (load(x + i) - mean) * scale);
        for (int64_t i = even; i < width; i++) y[i] = (x[i] - mean) * scale;
    }
}

struct Buffers {
    std::vector<float> a, b, hidden, qkv, mixed, bias, keys, weights;
    float *get(std::vector<float> &v, int64_t size) {
        if ((int64_t)v.size() < size + W) v.resize(size + W);
        return v.data();
    }
};

// One jet's queries (m, D) on its keys and values (n, D each, `stride` apart) -> mixed (m, D). bias: [H][m][padded n] or null.
static void attend(const float *q, int64_t qstride, const float *k, const float *v, int64_t stride, int64_t m, int64_t n,
                   int64_t heads, int64_t d, const float *bias, float *mixed, Buffers &scratch) {
    int64_t padded = (n + W - 1) / W * W;
    float *keys = scratch.get(scratch.keys, d * padded), *weights = scratch.get(scratch.weights, padded);
    float root = 1 / std::sqrt((float)d);
    for (int64_t h = 0; h < heads; h++) {
        for (int64_t c = 0; c < d; c++) {
            for (int64_t j = 0; j < n; j++) keys[c * padded + j] = k[j * stride + h * d + c] * root;
            for (int64_t j = n; j < padded; j++) keys[c * padded + j] = 0;
        }
        for (int64_t i = 0; i < m; i++) {
            const float *query = q + i * qstride + h * d;
            Vec top = all(-INFINITY);
            for (int64_t j = 0; j < padded; j += W) {
                Vec s = bias ? load(bias + (h * m + i) * padded + j) : Vec{};
                for (int64_t c = 0; c < d; c++) s += query[c] * load(keys + c * padded + j);
                if (!bias && j + W > n)
                    for (int64_t e = n - j; e < W; e++) s[e] = -INFINITY;
                top = s > top ? s : top;
                store(weights + j, s);
            }
            float peak = largest(top);
            Vec total = {};
            for (int64_t j = 0; j < padded; j += W) {
                Vec e = exponential(load(weights + j) - peak);
                if (j + W > n)
                    for (int64_t l = n - j; l < W; l++) e[l] = 0;
                total += e;
                store(weights + j, e);
            }
            float scale = 1 / sum(total);
            for (int64_t c = 0; c < d; c += W) {
                Vec out[4] = {};
                const float *value = v + h * d + c;
                int64_t j = 0;
                for (; j + 4 <= n; j += 4)
                    for (int u = 0; u < 4; u++) out[u] += weights[j + u] * load(value + (j + u) * stride);
                for (; j < n; j++) out[0] += weights[j] * load(value + j * stride);
                store(mixed + i * heads * d + h * d + c, (out[0] + out[1] + out[2] + out[3]) * scale);
            }
        }
    }
}

// What follows the attention in a block: x (rows, D) takes what the heads wrote, then the feed-forward part.
static void finish(const Block &block, float *x, int64_t rows, int64_t width, const float *mixed, Buffers &s) {
    float *wrote = s.get(s.b, rows * width), *normed = s.get(s.a, rows * width);
    apply<PLAIN>(block.out, mixed, rows, wrote);
    normalise(wrote, rows, width, wrote);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < width; i++)
            x[r * width + i] += wrote[r * width + i] * block.post_scale[i] + block.post_shift[i];
    normalise(x, rows, width, normed);
    float *hidden = s.get(s.hidden, rows * block.up.outputs);
    apply<GELU>(block.up, normed, rows, hidden);
    normalise(hidden, rows, block.up.outputs, hidden);
    apply<PLAIN>(block.down, hidden, rows, wrote);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < width; i++) x[r * width + i] = x[r * width + i] * block.residual[i] + wrote[r * width + i];
}

// Pair features (P, 4) of a jet -> bias [H][n][padded n], minus infinity on what pads it.
static void pair_bias(const Net &net, const float *features, int64_t n, float *bias, Buffers &s) {
    constexpr int64_t ROWS_AT_ONCE = 128;
    int64_t padded = (n + W - 1) / W * W, pairs = n * (n + 1) / 2, i = 0, j = 0, last = net.pair[net.pairs - 1].outputs;
    std::fill(bias, bias + net.heads * n * padded, -INFINITY);
    for (int64_t start = 0; start < pairs; start += ROWS_AT_ONCE) {
        int64_t rows = std::min(ROWS_AT_ONCE, pairs - start);
        const float *x = features + 4 * start;
        for (int64_t l = 0; l < net.pairs; l++) {
            float *y = s.get(l % 2 ? s.b : s.a, rows * net.pair[l].outputs);
            apply<GELU>(net.pair[l], x, rows, y);
            x = y;
        }
        for (int64_t r = 0; r < rows; r++) {
            for (int64_t h = 0; h < net.heads; h++)
                bias[(h * n + i) * padded + j] = bias[(h * n + j) * padded + i] = x[r * last + h];
            if (j++ == i) i++, j = 0;
        }
    }
}

// x (T, F) of the jets of a group, their lengths, their pair features in a row or null -> logits (jets, classes).
static void group(const Net &net, const float *x, int64_t inputs, const int64_t *lengths, int64_t jets, const float *features, float *logits, Buffers &s) {
    int64_t width = net.width, heads = net.heads, d = width / heads, tokens = 0, room = 0;
    for (int64_t b = 0; b < jets; b++) {
        tokens += lengths[b];
        room += heads * lengths[b] * ((lengths[b] + W - 1) / W * W);
    }
    std::vector<float> state(tokens * std::max(width, inputs) + W), normed_inputs(tokens * inputs + W);
    for (int64_t t = 0; t < tokens; t++)
        for (int64_t f = 0; f < inputs; f++) normed_inputs[t * inputs + f] = x[t * inputs + f] * net.input_scale[f] + net.input_shift[f];
    const float *current = normed_inputs.data();
    int64_t wide = inputs;
    for (int64_t l = 0; l < net.embeds; l++) {
        float *normed = s.get(s.a, tokens * wide);
        normalise(current, tokens, wide, normed);
        float *y = l + 1 == net.embeds ? state.data() : s.get(l % 2 ? s.b : s.hidden, tokens * net.embed[l].outputs);
        apply<GELU>(net.embed[l], normed, tokens, y);
        current = y;
        wide = net.embed[l].outputs;
    }
    float *bias = features ? s.get(s.bias, room) : nullptr;
    if (features) {
        float *at = bias;
        for (int64_t b = 0; b < jets; b++) {
            int64_t n = lengths[b];
            pair_bias(net, features, n, at, s);
            features += 2 * n * (n + 1);
            at += heads * n * ((n + W - 1) / W * W);
        }
    }
    float *state_of = state.data();
    for (int64_t l = 0; l < net.layers; l++) {
        float *normed = s.get(s.a, tokens * width), *qkv = s.get(s.qkv, tokens * 3 * width), *mixed = s.get(s.mixed, tokens * width);
        normalise(state_of, tokens, width, normed);
        apply<PLAIN>(net.blocks[l].qkv, normed, tokens, qkv);
        int64_t first = 0;
        float *at = bias;
        for (int64_t b = 0; b < jets; b++) {
            int64_t n = lengths[b];
            const float *q = qkv + first * 3 * width;
            attend(q, 3 * width, q + width, q + 2 * width, 3 * width, n, n, heads, d, at, mixed + first * width, s);
            first += n;
            if (at) at += heads * n * ((n + W - 1) / W * W);
        }
        finish(net.blocks[l], state_of, tokens, width, mixed, s);
    }
    std::vector<float> token(jets * width + W), together((tokens + jets) * width + W);
    for (int64_t b = 0; b < jets; b++) std::copy(net.token, net.token + width, token.data() + b * width);
    for (int64_t l = 0; l < net.class_layers; l++) {
        const Block &block = net.class_blocks[l];
        int64_t first = 0;
        for (int64_t b = 0; b < jets; first += lengths[b], b++) {
            float *row = together.data() + (first + b) * width;
            std::copy(token.data() + b * width, token.data() + (b + 1) * width, row);
            std::copy(state_of + first * width, state_of + (first + lengths[b]) * width, row + width);
        }
        int64_t all_tokens = tokens + jets;
        float *normed = s.get(s.a, all_tokens * width), *kv = s.get(s.qkv, all_tokens * 2 * width);
        float *mixed = s.get(s.mixed, jets * width), *q = s.get(s.hidden, jets * width);
        normalise(together.data(), all_tokens, width, normed);
        apply<PLAIN>(block.qkv, normed, all_tokens, kv, width, 3 * width);
        apply<PLAIN>(block.ask, token.data(), jets, q);
        first = 0;
        for (int64_t b = 0; b < jets; first += lengths[b] + 1, b++) {
            const float *k = kv + first * 2 * width;
            attend(q + b * width, width, k, k + width, 2 * width, 1, lengths[b] + 1, heads, d, nullptr, mixed + b * width, s);
        }
        finish(block, token.data(), jets, width, mixed, s);
    }
    float *normed = s.get(s.a, jets * width), *out = s.get(s.b, jets * net.head.outputs);
    normalise(token.data(), jets, width, normed);
    apply<PLAIN>(net.head, normed, jets, out);
    for (int64_t b = 0; b < jets; b++) std::copy(out + b * net.head.outputs, out + b * net.head.outputs + net.classes, logits + b * net.classes);
}

// Groups of jets, each of [starts[g], starts[g + 1]), shared among threads. x and features hold all jets in a row.
extern "C" void forward(const Net *net, const float *x, int64_t inputs, const int64_t *lengths, const int64_t *starts, int64_t groups,
                        const float *features, float *logits, int64_t threads) {
    std::vector<int64_t> token_of(groups + 1), pair_of(groups + 1);
    for (int64_t g = 0; g < groups; g++) {
        token_of[g + 1] = token_of[g];
        pair_of[g + 1] = pair_of[g];
        for (int64_t b = starts[g]; b < starts[g + 1]; b++) {
            token_of[g + 1] += lengths[b];
            pair_of[g + 1] += lengths[b] * (lengths[b] + 1) / 2;
        }
    }
#pragma omp parallel num_threads(threads)
    {
        Buffers scratch;
#pragma omp for schedule(dynamic)
        for (int64_t g = 0; g < groups; g++)
            group(*net, x + token_of[g] * inputs, inputs, lengths + starts[g], starts[g + 1] - starts[g],
                  features ? features + 4 * pair_of[g] : nullptr, logits + starts[g] * net->classes, scratch);
    }
}
