// ParT's forward pass for inference, on packed tokens: without padding, one group of jets at a time, so that a group's
// activations stay in the cache.
//
// Shapes: see inference_net.h.

#include "library.h"
#include "inference_blocks.h"
#include "inference_inputs.h"

// The mean over the states (n, D) of each jet's tokens.
static void mean_states(const InferenceNet &net, const InferenceGroup &jets, const float *state, float *mean) {
    for (int64_t n : jets.lengths) {
        std::fill_n(mean, net.stride, 0.f);
        for (int64_t t = 0; t < n; t++, state += net.stride)
            for (int64_t i = 0; i < net.stride; i++) mean[i] += state[i];
        for (int64_t i = 0; i < net.stride; i++) mean[i] /= std::max<int64_t>(1, n);
        mean += net.stride;
    }
}

// States (T, D) -> (jets + T, D), in which each jet begins with the global token; the group then counts it as well.
static float *prepend_token(const InferenceNet &net, InferenceGroup &jets, const float *state, Workspace &s) {
    int64_t stride = net.stride, count = jets.lengths.size();
    float *extended = s.get(s.particles, (jets.tokens + count) * stride), *to = extended;
    for (int64_t &n : jets.lengths) {
        to = std::copy_n(net.token, stride, to);
        to = std::copy_n(state, n * stride, to);
        state += n++ * stride;
    }
    jets.tokens += count;
    return extended;
}

// What enters the class blocks or, in their place, the head: a token of each jet (jets, D).
static void first_tokens(const InferenceNet &net, const InferenceGroup &jets, const float *state, float *token) {
    if (!net.token) return mean_states(net, jets, state, token);
    for (int64_t n : jets.lengths) {
        token = std::copy_n(net.global_token ? state : net.token, net.stride, token);
        state += n * net.stride;
    }
}

// The particles' ranks in pT, which slots need.
static void rank_particles(const InferenceNet &net, InferenceGroup &jets) {
    int64_t first = 0;
    jets.ranks.resize(jets.tokens);
    for (int64_t n : jets.lengths) {
        if (net.slots) rank_in_pt(jets.momenta.data() + 4 * first, n, jets.ranks.data() + first);
        first += n;
    }
}

// From states (T, D) before block `first`, which are overwritten, to the logits (jets, classes) of a group.
static void run_blocks(const InferenceNet &net, const InferenceGroup &jets, int64_t first, const float *bias,
                       float *state, float *logits, Workspace &s) {
    int64_t count = jets.lengths.size();
    float *token = s.get(s.token, count * net.stride);
    for (int64_t l = first; l < net.layers; l++)
        particle_block(net, net.blocks[l], jets, net.blocks[l].biased ? bias : nullptr, state, s);
    first_tokens(net, jets, state, token);
    for (int64_t l = 0; l < net.class_layers; l++) class_block(net, net.class_blocks[l], jets, state, token, s);
    float *x = token;
    for (int64_t l = 0; l < net.head_layers; l++) {
        const NormedLayer &layer = net.head[l];
        float *y = s.get(l % 2 ? s.hidden : s.b, count * layer.linear.outputs);
        apply(layer, x, count, s.get(s.a, count * layer.linear.inputs), y, s);
        x = y;
    }
    int64_t outputs = net.head[net.head_layers - 1].linear.outputs;
    for (int64_t b = 0; b < count; b++) std::copy_n(x + b * outputs, net.classes, logits + b * net.classes);
}

// The logits (jets, classes) of a group.
static void forward_group(const InferenceNet &net, InferenceGroup &jets, float *logits, Workspace &s) {
    rank_particles(net, jets);
    float *state = s.get(s.state, jets.tokens * net.stride);
    embed(net, jets, state, s);
    const float *bias = net.pair_layers ? group_bias(net, jets, s) : nullptr;
    if (net.global_token) state = prepend_token(net, jets, state, s);
    run_blocks(net, jets, 0, bias, state, logits, s);
}

// The first jet of each group, and the number of jets at the end. A group has enough tokens to fill a layer's tiles and
// few enough to stay in the cache, or fewer where there are not enough groups for all threads. lengths: of all jets.
static std::vector<int64_t> group_starts(const std::vector<int64_t> &lengths, int64_t threads) {
    int64_t total = std::accumulate(lengths.begin(), lengths.end(), int64_t(0)), tokens = 0;
    int64_t enough = std::min<int64_t>(160, total / threads);
    std::vector<int64_t> starts = {0};
    for (size_t b = 0; b < lengths.size(); b++) {
        tokens += lengths[b];
        if (tokens >= enough || b + 1 == lengths.size()) starts.push_back(b + 1), tokens = 0;
    }
    return starts;
}

// The number of real particles of each jet.
static std::vector<int64_t> jet_lengths(const bool *mask, int64_t jets, int64_t particles) {
    std::vector<int64_t> lengths(jets);
    for (int64_t b = 0; b < jets; b++) lengths[b] = std::count(mask + b * particles, mask + (b + 1) * particles, true);
    return lengths;
}

// The first pair of each jet among those of all jets, where the features of pairs are given.
static std::vector<int64_t> first_pairs(const InferenceNet &net, const std::vector<int64_t> &lengths) {
    std::vector<int64_t> first = {0};
    for (int64_t n : lengths) first.push_back(first.back() + (net.symmetric ? n * (n + 1) / 2 : n * n));
    return first;
}

// x (B, N, F), v (B, N, 4), mask (B, N), features of all pairs (pairs, E) or null -> logits (B, C). Returns how many
// bytes were allocated besides these arrays.
extern "C" int64_t forward(const InferenceNet *net, const float *x, const float *v, const bool *mask,
                           const float *pairs, float *logits, int64_t jets, int64_t particles, int64_t inputs,
                           int64_t threads) {
    const std::vector<int64_t> lengths = jet_lengths(mask, jets, particles);
    const std::vector<int64_t> first_pair = first_pairs(*net, lengths), starts = group_starts(lengths, threads);
    const int64_t groups = starts.size() - 1;
    int64_t bytes = 0;
#pragma omp parallel num_threads(std::max<int64_t>(1, std::min(threads, groups))) reduction(+ : bytes)
    {
        [[maybe_unused]] TileScope tiles;
        Workspace workspace;
        InferenceGroup group;
#pragma omp for schedule(dynamic)
        for (int64_t g = 0; g < groups; g++) {
            group.features.clear(), group.momenta.clear();
            for (int64_t i = starts[g] * particles; i < starts[g + 1] * particles; i++)
                if (mask[i]) {
                    group.features.insert(group.features.end(), x + i * inputs, x + (i + 1) * inputs);
                    group.momenta.insert(group.momenta.end(), v + i * 4, v + (i + 1) * 4);
                }
            group.features.resize(group.features.size() + W); // loads read whole vectors
            group.lengths.assign(lengths.begin() + starts[g], lengths.begin() + starts[g + 1]);
            group.tokens = group.momenta.size() / 4, group.inputs = inputs;
            group.pairs = pairs ? pairs + first_pair[starts[g]] * net->pair[0].inputs : nullptr;
            forward_group(*net, group, logits + starts[g] * net->classes, workspace);
        }
        bytes = workspace.bytes() + sizeof(float) * (group.features.capacity() + group.momenta.capacity());
    }
    return bytes;
}

// The states (T, D) of a group in one copy of the batch (B, N, width), of which T are those of real tokens.
static void gather_states(const InferenceNet &net, const float *states, const bool *mask, int64_t jets,
                          int64_t particles, float *state) {
    for (int64_t b = 0; b < jets; b++)
        for (int64_t i = 0; i < particles + net.global_token; i++, states += net.width) {
            if (i >= net.global_token && !mask[b * particles + i - net.global_token]) continue;
            std::fill_n(std::copy_n(states, net.width, state), net.stride - net.width, 0.f);
            state += net.stride;
        }
}

// Carries other states through the blocks from some one on: states (K, B, tokens, width), with a global token in front
// where there is one, each copy of them as they are before block first[k] -> logits (K, B, C). The bias of the jets,
// which all copies share, comes from v (B, N, 4), mask (B, N) and, where they are given, the features of all pairs.
extern "C" void resume(const InferenceNet *net, const float *states, const int64_t *first, const float *v,
                       const bool *mask, const float *pairs, float *logits, int64_t copies, int64_t jets,
                       int64_t particles, int64_t threads) {
    const std::vector<int64_t> lengths = jet_lengths(mask, jets, particles);
    const std::vector<int64_t> first_pair = first_pairs(*net, lengths), starts = group_starts(lengths, threads);
    const int64_t groups = starts.size() - 1, row = (particles + net->global_token) * net->width;
#pragma omp parallel num_threads(std::max<int64_t>(1, std::min(threads, groups)))
    {
        [[maybe_unused]] TileScope tiles;
        Workspace workspace;
        InferenceGroup group;
#pragma omp for schedule(dynamic)
        for (int64_t g = 0; g < groups; g++) {
            const int64_t start = starts[g], count = starts[g + 1] - start;
            const bool *own_mask = mask + start * particles;
            group.momenta.clear();
            for (int64_t i = 0; i < count * particles; i++)
                if (own_mask[i]) {
                    const float *momentum = v + (start * particles + i) * 4;
                    group.momenta.insert(group.momenta.end(), momentum, momentum + 4);
                }
            group.lengths.assign(lengths.begin() + start, lengths.begin() + starts[g + 1]);
            group.tokens = group.momenta.size() / 4;
            group.pairs = pairs ? pairs + first_pair[start] * net->pair[0].inputs : nullptr;
            rank_particles(*net, group);
            const float *bias = net->pair_layers ? group_bias(*net, group, workspace) : nullptr;
            for (int64_t &n : group.lengths) n += net->global_token;
            group.tokens += count * net->global_token;
            float *state = workspace.get(workspace.state, group.tokens * net->stride);
            for (int64_t k = 0; k < copies; k++) {
                gather_states(*net, states + (k * jets + start) * row, own_mask, count, particles, state);
                run_blocks(*net, group, first[k], bias, state, logits + (k * jets + start) * net->classes, workspace);
            }
        }
    }
}
