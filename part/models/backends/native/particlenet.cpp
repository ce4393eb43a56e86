// ParticleNet's forward pass for inference, one jet at a time and on its real particles only.
//
// BatchNorms are folded into the linear layers before them (particlenet.py). The first layer of an EdgeConv takes
// (x_i, x_j - x_i) and is linear, so each particle passes through it once as the one that has neighbours ("own") and
// once as a neighbour ("other"); an edge is the sum of two rows. All edges that lead to nobody, where a jet has fewer
// than K + 1 particles, are the same: one of them is computed and counts for all.
//
// Shapes: n particles of a jet, D channels in and O out, both padded by zeros to whole vectors; K neighbours.

#include "library.h"
#include "linear.h"
#include <cstring>

// The fields of the next three structs mirror those of particlenet.py.
struct TokenEmbedding { // of one of several collections. first: the first of its features among the inputs
    int64_t inputs, first;
    const float *scale, *shift;
    Linear linear;
};

struct EdgeConv {
    int64_t neighbours, width, outputs, layers; // width: of the first layer; layers: the number of others
    Linear project;                             // x -> own (width) | other (width) | shortcut (O), unless that is x
    const Linear *linears;
};

struct ParticleNet {
    int64_t width, collections, first_point, points, convolutions, fusion_inputs, mean_slots, head_layers, classes;
    const float *scale, *shift; // of the BatchNorm before the first EdgeConv
    const TokenEmbedding *embed;
    const EdgeConv *edges;
    const Linear *fusion, *head; // the last layer of the head gives the logits
};

struct Scratch : Workspace {
    std::vector<float> columns, distances, projected, inputs, outputs, all_outputs;
    std::vector<uint64_t> keys;
    int64_t all_bytes() const {
        int64_t floats = 2 * keys.capacity();
        for (const auto *v : {&columns, &distances, &projected, &inputs, &outputs, &all_outputs}) floats += v->capacity();
        return bytes() + floats * sizeof(float);
    }
};

// The distances (n) of all points from one of them. columns: (dimensions, padded n). Equally near neighbours are taken
// in the order of the jet, so distances are rounded as in torch, without fused multiply-add.
__attribute__((optimize("fp-contract=off"), noinline))
static void measure_distances(const float *columns, int64_t dimensions, int64_t n, int64_t own, float *y) {
    const int64_t stride = padded(n);
    for (int64_t j = 0; j < n; j += W) {
        Vec sums = {};
        const float *column = columns;
        for (int64_t d = 0; d < dimensions; d++, column += stride) {
            Vec difference = *(const Vec *)(column + j) - column[own];
            sums += difference * difference;
        }
        *(Vec *)(y + j) = sums;
    }
    for (int64_t j = 0; j < n; j++) y[j] = std::sqrt(y[j]);
}

// Puts the numbers of the `count` nearest other particles into the lower halves of s.keys.
static void find_neighbours(int64_t dimensions, int64_t n, int64_t own, int64_t count, Scratch &s) {
    float *distances = s.get(s.distances, n);
    measure_distances(s.columns.data(), dimensions, n, own, distances);
    s.keys.clear();
    for (int64_t j = 0; j < n; j++) {
        uint32_t bits; // numbers from 0 on have the order of their bits
        std::memcpy(&bits, distances + j, sizeof bits);
        if (j != own) s.keys.push_back((uint64_t)bits << 32 | j);
    }
    if (count < n - 1) std::nth_element(s.keys.begin(), s.keys.begin() + count, s.keys.end());
}

// s.columns = the transpose of the points (n, dimensions), rows `stride` apart.
static void transpose_points(MatrixView points, int64_t n, int64_t dimensions, Scratch &s) {
    float *columns = s.get(s.columns, dimensions * padded(n));
    for (int64_t d = 0; d < dimensions; d++)
        for (int64_t i = 0; i < n; i++) columns[d * padded(n) + i] = points.data[i * points.stride + d];
}

// The mean of a particle's edges (rows, O), the last of which counts `missing` times if there are missing neighbours.
static Vec mean_edge(const EdgeConv &edge, const float *y, int64_t near, int64_t missing) {
    Vec total = {};
    for (int64_t r = 0; r < near; r++, y += edge.outputs) total += load(y);
    if (missing) total += load(y) * float(missing);
    return total * (1.f / edge.neighbours);
}

// x (n, D) -> y (n, O); s.columns hold the points, which have `dimensions`.
static void convolve(const EdgeConv &edge, int64_t dimensions, const float *x, int64_t n, float *y, Scratch &s) {
    constexpr int64_t EDGES = 128; // enough to fill a layer's tiles, few enough to stay in the cache
    const int64_t width = edge.width, stride = edge.project.outputs, outputs = edge.outputs;
    const int64_t near = std::min(edge.neighbours, std::max<int64_t>(0, n - 1)), missing = edge.neighbours - near;
    const int64_t rows = near + (missing > 0), step = std::max<int64_t>(1, EDGES / rows);
    float *projected = s.get(s.projected, n * stride);
    apply(edge.project, x, n, projected, s);
    const MatrixView shortcut = stride > 2 * width ? MatrixView{projected + 2 * width, stride} : MatrixView{x, outputs};
    for (int64_t first = 0; first < n; first += step) {
        const int64_t last = std::min(n, first + step), count = (last - first) * rows;
        float *edges = s.get(s.a, count * width), *row = edges;
        for (int64_t i = first; i < last; i++) {
            const float *own = projected + i * stride;
            find_neighbours(dimensions, n, i, near, s);
            for (int64_t r = 0; r < near; r++, row += width) {
                const float *other = projected + (uint32_t)s.keys[r] * stride + width;
                for (int64_t o = 0; o < width; o += W) store(row + o, relu(load(own + o) + load(other + o)));
            }
            for (int64_t o = 0; missing && o < width; o += W) store(row + o, relu(load(own + o)));
            row += missing ? width : 0;
        }
        for (int64_t l = 0; l < edge.layers; l++) {
            const float *inputs = edges;
            edges = s.get(l % 2 ? s.a : s.b, count * edge.linears[l].outputs);
            apply(edge.linears[l], inputs, count, edges, s);
        }
        for (int64_t i = first; i < last; i++, edges += rows * outputs)
            for (int64_t o = 0; o < outputs; o += W)
                store(y + i * outputs + o,
                      relu(load(shortcut.data + i * shortcut.stride + o) + mean_edge(edge, edges + o, near, missing)));
    }
}

// Inputs (n, inputs) of a jet's tokens -> their channels (n, D). With several collections the last inputs are flags, the
// largest of which says to which collection a token belongs.
static void embed(const ParticleNet &net, const float *x, int64_t n, int64_t inputs, float *state, Scratch &s) {
    const int64_t stride = net.edges[0].project.inputs;
    for (int64_t t = 0; t < n; t++, x += inputs, state += stride) {
        if (net.collections) {
            const float *end = x + inputs, *flags = end - net.collections;
            const TokenEmbedding &own = net.embed[std::max_element(flags, end) - flags];
            float *features = s.get(s.token, own.inputs);
            for (int64_t f = 0; f < own.inputs; f++) features[f] = x[own.first + f] * own.scale[f] + own.shift[f];
            apply(own.linear, features, 1, state, s);
        } else {
            std::copy_n(x, net.width, state);
        }
        for (int64_t f = 0; f < net.width; f++) state[f] = state[f] * net.scale[f] + net.shift[f];
        std::fill(state + net.width, state + stride, 0.f);
    }
}

// Inputs (n, inputs) of a jet -> the mean of its particles' last channels.
static void pool_jet(const ParticleNet &net, const float *x, int64_t n, int64_t inputs, float *mean, Scratch &s) {
    int64_t width = net.edges[0].project.inputs, offset = 0;
    float *state = s.get(s.inputs, n * width);
    embed(net, x, n, inputs, state, s);
    transpose_points({x + net.first_point, inputs}, n, net.points, s);
    float *all = s.get(s.all_outputs, n * net.fusion_inputs);
    for (int64_t c = 0, dimensions = net.points; c < net.convolutions; c++, dimensions = width) {
        const EdgeConv &edge = net.edges[c];
        if (c) transpose_points({state, width}, n, width, s);
        float *outputs = s.get(c % 2 ? s.inputs : s.outputs, n * edge.outputs);
        convolve(edge, dimensions, state, n, outputs, s);
        state = outputs, width = edge.outputs;
        for (int64_t t = 0; net.fusion_inputs && t < n; t++)
            std::copy_n(state + t * width, width, all + t * net.fusion_inputs + offset);
        offset += width;
    }
    if (net.fusion_inputs) {
        width = net.fusion->outputs, state = s.get(s.a, n * width);
        apply(*net.fusion, all, n, state, s);
    }
    std::fill_n(mean, width, 0.f);
    for (int64_t t = 0; t < n; t++)
        for (int64_t o = 0; o < width; o++) mean[o] += state[t * width + o];
    for (int64_t o = 0; o < width; o++) mean[o] /= net.mean_slots ? net.mean_slots : std::max<int64_t>(1, n);
}

// The logits (jets, classes) of the means of some jets.
static void classify(const ParticleNet &net, const float *x, int64_t jets, float *logits, Scratch &s) {
    for (int64_t l = 0; l < net.head_layers; l++) {
        float *y = s.get(l % 2 ? s.a : s.b, jets * net.head[l].outputs);
        apply(net.head[l], x, jets, y, s);
        x = y;
    }
    const int64_t outputs = net.head[net.head_layers - 1].outputs;
    for (int64_t b = 0; b < jets; b++) std::copy_n(x + b * outputs, net.classes, logits + b * net.classes);
}

// x (B, N, F), mask (B, N) -> logits (B, C); v is unused. Returns how many bytes were allocated besides these arrays.
extern "C" int64_t forward(const ParticleNet *net, const float *x, const float *v, const bool *mask, const float *,
                           float *logits, int64_t jets, int64_t particles, int64_t inputs, int64_t threads) {
    constexpr int64_t JETS = 16; // that go through the head together
    const int64_t width = net->head[0].inputs;
    std::vector<float> means(jets * width + W);
    int64_t bytes = 0;
#pragma omp parallel num_threads(std::max<int64_t>(1, std::min(threads, jets))) reduction(+ : bytes)
    {
        [[maybe_unused]] TileScope tiles;
        Scratch scratch;
        std::vector<float> features;
#pragma omp for schedule(dynamic)
        for (int64_t b = 0; b < jets; b++) {
            features.clear();
            for (int64_t i = b * particles; i < (b + 1) * particles; i++)
                if (mask[i]) features.insert(features.end(), x + i * inputs, x + (i + 1) * inputs);
            pool_jet(*net, features.data(), features.size() / inputs, inputs, means.data() + b * width, scratch);
        }
#pragma omp for schedule(dynamic)
        for (int64_t b = 0; b < jets; b += JETS)
            classify(*net, means.data() + b * width, std::min(JETS, jets - b), logits + b * net->classes, scratch);
        bytes = scratch.all_bytes() + sizeof(float) * features.capacity();
    }
    return bytes + sizeof(float) * means.capacity();
}
