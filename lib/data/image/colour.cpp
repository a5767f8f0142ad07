// Where a value depends on itself alone it is changed as it lies; where on all colours of its place, a block of places
// is taken apart into three rows.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/image/colour.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <vector>

#include "lib/base/error.h"
#include "lib/data/image/vectorized.h"

namespace dl {
namespace {

template <class T>
inline constexpr float largest = std::is_same_v<T, float> ? 1.0f : 255.0f;

template <class T>
DL_INLINED inline T cut_off(float value) {
  const float within = std::min(std::max(value, 0.0f), largest<T>);
  if constexpr (std::is_same_v<T, float>) return within;
  return static_cast<T>(static_cast<int32_t>(within));
}

template <class T, class Change>
void each_value(const T* in, int64_t n, T* out, const Change& change) {
  vectorized([=]() DL_INLINED {
    for (int64_t i = 0; i < n; ++i) out[i] = change(in[i]);
  });
}

constexpr int64_t block = 256;
struct Rows {
  alignas(32) float r[block], g[block], b[block];
};

template <class T>
DL_INLINED inline void take_apart(const T* in, int64_t n, Rows& rows) {
  for (int64_t i = 0; i < n; ++i) {
    rows.r[i] = static_cast<float>(in[3 * i]);
    rows.g[i] = static_cast<float>(in[3 * i + 1]);
    rows.b[i] = static_cast<float>(in[3 * i + 2]);
  }
}

// What a number is before it is mixed with others: bytes are whole.
template <class T>
DL_INLINED inline float grey_of(float r, float g, float b) {
  const float grey = r * 0.2989f + g * 0.587f + b * 0.114f;
  if constexpr (std::is_same_v<T, float>) return grey;
  return static_cast<float>(static_cast<int32_t>(grey));
}

// `change(r, g, b)` changes the three numbers of a place.
template <class T, class Change>
void each_place(const T* in, int64_t places, T* out, const Change& change) {
  vectorized([=]() DL_INLINED {
    Rows rows;
    T r[block], g[block], b[block];
    for (int64_t at = 0; at < places; at += block) {
      const int64_t n = std::min(block, places - at);
      take_apart(in + 3 * at, n, rows);
      for (int64_t i = 0; i < n; ++i) {
        float red = rows.r[i], green = rows.g[i], blue = rows.b[i];
        change(red, green, blue);
        r[i] = cut_off<T>(red), g[i] = cut_off<T>(green), b[i] = cut_off<T>(blue);
      }
      for (int64_t i = 0; i < n; ++i) {
        out[3 * (at + i)] = r[i];
        out[3 * (at + i) + 1] = g[i];
        out[3 * (at + i) + 2] = b[i];
      }
    }
  });
}

template <class T>
double mean_grey(const T* in, const ImageType& type) {
  const int64_t places = type.h * type.w;
  double sum = 0;
  if (type.c != 3) {
    for (int64_t i = 0; i < places * type.c; ++i) sum += static_cast<double>(in[i]);
    return sum / static_cast<double>(places * type.c);
  }
  vectorized([&]() DL_INLINED {
    Rows rows;
    std::conditional_t<std::is_same_v<T, float>, float, int32_t> greys[block];
    for (int64_t at = 0; at < places; at += block) {
      const int64_t n = std::min(block, places - at);
      take_apart(in + 3 * at, n, rows);
      for (int64_t i = 0; i < n; ++i)
        greys[i] =
            static_cast<std::remove_reference_t<decltype(greys[0])>>(grey_of<T>(rows.r[i], rows.g[i], rows.b[i]));
      if constexpr (std::is_same_v<T, float>) {
        for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(greys[i]);
      } else {
        int32_t part = 0;
        for (int64_t i = 0; i < n; ++i) part += greys[i];
        sum += part;
      }
    }
  });
  return sum / static_cast<double>(places);
}

// By way of hue, saturation and value; of a channel, whose k is 6 h + 5, 3 or 1: v - v s max(0, min(k, 4 - k, 1)).
template <class T>
void turn_hue(const T* in, int64_t places, float turn, T* out) {
  each_place(in, places, out, [turn](float& r, float& g, float& b) DL_INLINED {
    constexpr float scale = 1 / largest<T>;
    const float red = r * scale, green = g * scale, blue = b * scale;
    const float most = std::max(red, std::max(green, blue)), least = std::min(red, std::min(green, blue));
    const float range = most - least, divisor = range == 0 ? 1.0f : range;
    const float rc = (most - red) / divisor, gc = (most - green) / divisor, bc = (most - blue) / divisor;
    const float sixths = most == red ? bc - gc : most == green ? rc + 2 - bc : gc + 4 - rc;
    float h = sixths * (1.0f / 6) + 1 + turn + 1;  // 1/2 … 3 1/3
    h -= static_cast<float>(static_cast<int32_t>(h));
    const auto channel = [&](float offset) DL_INLINED {
      float k = h * 6 + offset;
      k = k >= 6 ? k - 6 : k;
      const float value = most - range * std::max(0.0f, std::min(std::min(k, 4 - k), 1.0f));
      return std::is_same_v<T, float> ? value : value * 255.999f;
    };
    r = channel(5), g = channel(3), b = channel(1);
  });
}

// A table of 256 values for each channel.
void through_tables(const uint8_t* in, const ImageType& type, const std::vector<uint8_t>& tables, uint8_t* out) {
  const int64_t values = type.h * type.w * type.c, c = type.c;
  if (c == 3) {
    const uint8_t *r = tables.data(), *g = r + 256, *b = g + 256;
    for (int64_t i = 0; i < values; i += 3) {
      out[i] = r[in[i]];
      out[i + 1] = g[in[i + 1]];
      out[i + 2] = b[in[i + 2]];
    }
    return;
  }
  for (int64_t i = 0; i < values; i += c)
    for (int64_t k = 0; k < c; ++k) out[i + k] = tables[static_cast<size_t>(256 * k + in[i + k])];
}

// How frequent each value of a channel is; in four parts, as equal neighbours wait for one another.
std::array<int64_t, 256> frequencies(const uint8_t* in, const ImageType& type, int64_t channel) {
  std::array<std::array<uint32_t, 256>, 4> parts{};
  const int64_t places = type.h * type.w, c = type.c;
  const uint8_t* value = in + channel;
  int64_t i = 0;
  for (; i + 4 <= places; i += 4, value += 4 * c)
    for (int64_t k = 0; k < 4; ++k) ++parts[static_cast<size_t>(k)][value[k * c]];
  for (; i < places; ++i, value += c) ++parts[0][*value];
  std::array<int64_t, 256> all{};
  for (const auto& part : parts)
    for (size_t v = 0; v < 256; ++v) all[v] += part[v];
  return all;
}

void equalize(const uint8_t* in, const ImageType& type, uint8_t* out) {
  std::vector<uint8_t> tables;
  for (int64_t channel = 0; channel < type.c; ++channel) {
    const auto counts = frequencies(in, type, channel);
    size_t last = 255;
    while (counts[last] == 0) --last;
    const int64_t step = (type.h * type.w - counts[last]) / 255;
    int64_t below = step / 2;
    for (size_t v = 0; v < 256; below += counts[v++])
      tables.push_back(
          static_cast<uint8_t>(step == 0 ? static_cast<int64_t>(v) : std::min<int64_t>(below / step, 255)));
  }
  through_tables(in, type, tables, out);
}

template <class T>
void autocontrast(const T* in, const ImageType& type, T* out) {
  const int64_t values = type.h * type.w * type.c, c = type.c;
  std::vector<T> least(in, in + c), most(in, in + c);
  if constexpr (std::is_same_v<T, uint8_t>) {
    std::vector<uint8_t> tables;
    for (int64_t channel = 0; channel < c; ++channel) {
      const auto counts = frequencies(in, type, channel);
      size_t low = 0, high = 255;
      while (counts[low] == 0) ++low;
      while (counts[high] == 0) --high;
      const float scale = low == high ? 1.0f : 255.0f / static_cast<float>(high - low);
      for (size_t v = 0; v < 256; ++v)
        tables.push_back(low == high ? static_cast<uint8_t>(v)
                                     : cut_off<uint8_t>((static_cast<float>(v) - static_cast<float>(low)) * scale));
    }
    through_tables(in, type, tables, out);
  } else {
    for (int64_t i = 0; i < values; ++i) {
      const auto k = static_cast<size_t>(i % c);
      least[k] = std::min(least[k], in[i]);
      most[k] = std::max(most[k], in[i]);
    }
    for (int64_t i = 0; i < values; ++i) {
      const auto k = static_cast<size_t>(i % c);
      out[i] = most[k] == least[k] ? cut_off<T>(in[i]) : cut_off<T>((in[i] - least[k]) * (1 / (most[k] - least[k])));
    }
  }
}

template <class T>
void change_as(ColourChange change, float strength, const T* in, const ImageType& type, T* out) {
  const int64_t places = type.h * type.w, values = places * type.c;
  constexpr bool bytes = std::is_same_v<T, uint8_t>;
  const auto grey = [](float r, float g, float b) DL_INLINED { return grey_of<T>(r, g, b); };
  switch (change) {
    case ColourChange::brightness:
      return each_value(in, values, out, [=](T x) DL_INLINED { return cut_off<T>(static_cast<float>(x) * strength); });
    case ColourChange::contrast: {
      const float rest = static_cast<float>(mean_grey(in, type)) * (1 - strength);
      return each_value(in, values, out,
                        [=](T x) DL_INLINED { return cut_off<T>(static_cast<float>(x) * strength + rest); });
    }
    case ColourChange::saturation:
      return each_place(in, places, out, [=](float& r, float& g, float& b) DL_INLINED {
        const float rest = grey(r, g, b) * (1 - strength);
        r = r * strength + rest, g = g * strength + rest, b = b * strength + rest;
      });
    case ColourChange::hue: return turn_hue(in, places, strength, out);
    case ColourChange::grayscale:
      return each_place(in, places, out, [=](float& r, float& g, float& b) DL_INLINED { r = g = b = grey(r, g, b); });
    case ColourChange::invert:
      return each_value(in, values, out, [](T x) DL_INLINED { return static_cast<T>(T(largest<T>) - x); });
    case ColourChange::posterize:
      if constexpr (bytes) {
        const auto mask = static_cast<uint8_t>(0xFF << (8 - static_cast<int>(strength)));
        return each_value(in, values, out, [=](T x) DL_INLINED { return static_cast<T>(x & mask); });
      }
      break;
    case ColourChange::solarize: {
      const float from = strength * largest<T>;
      return each_value(in, values, out, [=](T x) DL_INLINED {
        return static_cast<float>(x) >= from ? static_cast<T>(T(largest<T>) - x) : x;
      });
    }
    case ColourChange::autocontrast: return autocontrast(in, type, out);
    case ColourChange::equalize:
      if constexpr (bytes) return equalize(in, type, out);
      break;
  }
  DL_CHECK(false, static_cast<int>(change), " of numbers");
}

}  // namespace

bool of_colours(ColourChange change) {
  return change == ColourChange::saturation || change == ColourChange::hue || change == ColourChange::grayscale;
}

bool of_bytes(ColourChange change) { return change == ColourChange::posterize || change == ColourChange::equalize; }

void change_colours(ColourChange change, float strength, const std::byte* in, DType dtype, const ImageType& type,
                    std::byte* out) {
  if (of_colours(change) && type.c != 3) {
    std::memcpy(out, in, static_cast<size_t>(type.h * type.w * type.c * bytes_of(dtype)));
  } else if (dtype == DType::u8) {
    change_as(change, strength, reinterpret_cast<const uint8_t*>(in), type, reinterpret_cast<uint8_t*>(out));
  } else {
    DL_CHECK(dtype == DType::f32, name_of(dtype));
    change_as(change, strength, reinterpret_cast<const float*>(in), type, reinterpret_cast<float*>(out));
  }
}

}  // namespace dl
