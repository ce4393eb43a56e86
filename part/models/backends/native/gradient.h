// What a linear map, a norm and a GELU hand back: from the gradient of what they gave that of what they took.
//
// A map's gradient is summed in a matrix as large as whole vectors make it, (tall, wide), then its bias's (tall).

#pragma once
#include "linear.h"
#include <cstring>

struct Trained {
    Linear there, back; // the map, and with its weights transposed
    int64_t inputs, tall, wide, at; // at: of its gradient, among all
};

static inline uint16_t rounded(float x) { // to bfloat16
    uint32_t bits;
    std::memcpy(&bits, &x, 4);
    return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
}

// A thread's own.
struct Worker {
    Buffers s;
    std::vector<float> turned, rows;
    float *gradient;
};

// Panels for `apply` (linear.h) of a map whose weights lie `over` apart from output to output, and `along` from
// input to input. Inputs and outputs that are none are 0.
static void pack(const float *weight, int64_t outputs, int64_t over, int64_t inputs, int64_t along, Linear &map,
                 float *to) {
    map.weight = to;
    int64_t shared = map.bf16 ? 2 : 1;
    uint16_t *halves = (uint16_t *)to;
    for (int64_t first = 0, columns; first < map.outputs; first += columns) {
        columns = std::min<int64_t>(2 * W, map.outputs - first);
        for (int64_t i = 0; i < map.inputs; i += shared)
            for (int64_t o = first; o < first + columns; o++)
                for (int64_t k = i; k < i + shared; k++) {
                    float value = o < outputs && k < inputs ? weight[o * over + k * along] : 0;
                    if (map.bf16) *halves++ = rounded(value);
                    else *to++ = value;
                }
    }
}

// Rows (rows, width) as bfloat16, two of them sharing a row: what an outer product in bfloat16 takes.
static void interleave(const float *x, int64_t rows, int64_t width, float *y) {
#ifdef __AVX512BF16__
    for (int64_t r = 0; r < rows; r += 2, x += 2 * width, y += width)
        for (int64_t i = 0; i < width; i += W) {
            __m512i first = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)load(x + i)));
            Vec beside = r + 1 < rows ? load(x + width + i) : all(0);
            __m512i second = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)beside));
            store(y + i, (Vec)_mm512_or_si512(first, _mm512_slli_epi32(second, 16)));
        }
#endif
}

// y (R, C vectors of `wide`) += x (rows, R)ᵀ n (rows, C vectors).
template <class Number, int R, int C>
static inline void outer_tile(Rows x, Rows n, int64_t rows, float *y, int64_t wide) {
    Vec sums[R][C];
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++) sums[r][c] = load(y + r * wide + W * c);
    for (int64_t k = 0; k < rows; k++, x.at += x.stride, n.at += n.stride) {
        Vec row[C];
        for (int c = 0; c < C; c++) row[c] = load(n.at + W * c);
        for (int r = 0; r < R; r++)
            for (int c = 0; c < C; c++) Number::add(sums[r][c], all(x.at[r]), row[c]);
    }
    for (int r = 0; r < R; r++)
        for (int c = 0; c < C; c++) store(y + r * wide + W * c, sums[r][c]);
}

// y (tall, wide) += x (rows, tall)ᵀ n (rows, wide).
template <class Number> static void outer(Rows x, Rows n, int64_t rows, int64_t tall, int64_t wide, float *y) {
    int64_t i = 0;
    for (; i + 2 * W <= wide; i += 2 * W)
        for (int64_t o = 0; o < tall; o += 8)
            outer_tile<Number, 8, 2>({x.at + o, x.stride}, {n.at + i, n.stride}, rows, y + o * wide + i, wide);
    for (; i < wide; i += W)
        for (int64_t o = 0; o < tall; o += 8)
            outer_tile<Number, 8, 1>({x.at + o, x.stride}, {n.at + i, n.stride}, rows, y + o * wide + i, wide);
}

// From dy (rows, tall) of a map of x (rows, inputs): its gradient is added to, and dx (rows, wide) found if wanted.
static void back(const Trained &map, const float *dy, const float *x, int64_t rows, float *dx, Worker &k) {
    float *gradient = k.gradient + map.at, *shift = gradient + map.tall * map.wide;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t o = 0; o < map.tall; o++) shift[o] += dy[r * map.tall + o];
    if (map.there.bf16) {
        int64_t pairs = (rows + 1) / 2;
        float *turned = k.s.get(k.turned, pairs * map.tall), *beside = k.s.get(k.rows, pairs * map.wide);
        interleave(dy, rows, map.tall, turned);
        interleave(x, rows, map.wide, beside);
        outer<Bfloat16>({turned, map.tall}, {beside, map.wide}, pairs, map.tall, map.wide, gradient);
    } else outer<Float32>({dy, map.tall}, {x, map.inputs}, rows, map.tall, map.wide, gradient);
    if (dx) apply<PLAIN>(map.back, dy, rows, dx, k.s);
}

// Of `normalise`: from the gradient dn (rows, padded width) of n (rows, width) and each row's scale, that of what was
// normalised (rows, width), which is added to dx or put there.
static void normalise_back(const float *dn, const float *n, const float *scales, int64_t rows, int64_t width, float *dx,
                           bool add) {
    int64_t stride = padded(width), even = width / W * W;
    for (int64_t r = 0; r < rows; r++, dn += stride, n += width, dx += width) {
        Vec sums = {}, alike = {};
        for (int64_t i = 0; i < even; i += W) sums += load(dn + i), alike += load(dn + i) * load(n + i);
        float mean = sum(sums), along = sum(alike);
        for (int64_t i = even; i < width; i++) mean += dn[i], along += dn[i] * n[i];
        mean /= width, along /= width;
        for (int64_t i = 0; i < even; i += W) {
            Vec d = scales[r] * (load(dn + i) - mean - load(n + i) * along);
            store(dx + i, add ? load(dx + i) + d : d);
        }
        for (int64_t i = even; i < width; i++) {
            float d = scales[r] * (dn[i] - mean - n[i] * along);
            dx[i] = add ? dx[i] + d : d;
        }
    }
}

// y = gelu(x), and its slope in place of x; later dy times the slope, in place. Of a multiple of W numbers.
static void gelus(float *x, int64_t size, float *y) {
    for (int64_t i = 0; i < size; i += W) {
        Vec at = load(x + i), below = normal(at);
        store(y + i, at * below);
        store(x + i, below + 0.398942280f * at * exponential(-0.5f * at * at));
    }
}
static void gelus_back(const float *slopes, int64_t size, float *dy) {
    for (int64_t i = 0; i < size; i += W) store(dy + i, load(dy + i) * load(slopes + i));
}
