#include <fmt/format.h>
#include <time.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/file.h"
#include "corpus/dense/dense_index.h"
#include "corpus/dense/segment.h"
#include "measure.h"

// Builds an index of vectors from a file of NumPy's, searches it with and without filters,
// and writes what others need to be asked the same. One thread.
namespace {

using namespace trawl;
using namespace trawl::bench;

constexpr std::uint32_t kTopK = 10;

template <class T>
struct Rows {
  std::uint32_t columns = 0;
  std::vector<T> values;
  std::size_t rows() const { return values.size() / columns; }
  std::span<const T> row(std::size_t i) const {
    return std::span(values).subspan(i * columns, columns);
  }
};
using Matrix = Rows<float>;

// Of this thread, so that what else the machine does shows little.
double cpu_us() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

[[noreturn]] void refuse(const std::string& message) {
  fail(make_error(ErrorCode::invalid, message));
}

// Of two dimensions, in C order.
template <class T>
Rows<T> read_npy(const std::string& path, const std::string& type) {
  const std::string bytes = must(read_file(path));
  if (bytes.size() < 10 || !bytes.starts_with("\x93NUMPY\x01")) {
    refuse(path + " is not a file of NumPy's, version 1; write it with numpy.save()");
  }
  const std::size_t header_size = 10 + static_cast<unsigned char>(bytes[8]) +
                                  std::size_t{static_cast<unsigned char>(bytes[9])} * 256;
  const std::string header = bytes.substr(10, header_size - 10);
  unsigned long long rows = 0;
  unsigned columns = 0;
  const auto shape = header.find("'shape': (");
  if (header.find("'" + type + "'") == std::string::npos ||
      header.find("'fortran_order': False") == std::string::npos ||
      shape == std::string::npos ||
      std::sscanf(header.c_str() + shape, "'shape': (%llu, %u)", &rows, &columns) != 2 ||
      bytes.size() != header_size + rows * columns * sizeof(T) || columns == 0) {
    refuse(fmt::format("{} has no rows of {}; convert it with astype('{}')", path, type,
                       type));
  }
  Rows<T> matrix{columns, std::vector<T>(rows * columns)};
  std::memcpy(matrix.values.data(), bytes.data() + header_size, rows * columns * sizeof(T));
  return matrix;
}

void write_npy(const std::string& path, const std::string& type, std::size_t rows,
               std::size_t columns, const void* values, std::size_t bytes) {
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}, {}), }}", type,
                  rows, columns);
  header.resize((10 + header.size() + 1 + 63) / 64 * 64 - 10 - 1, ' ');
  header += '\n';
  std::ofstream out(path, std::ios::binary);
  out << "\x93NUMPY" << '\x01' << '\0' << static_cast<char>(header.size() % 256)
      << static_cast<char>(header.size() / 256) << header;
  out.write(static_cast<const char*>(values), static_cast<std::streamsize>(bytes));
  if (!out.flush()) refuse("cannot write " + path);
}

// So many vectors of length 1: those that are there, and copies of them with noise.
Matrix grown(const Matrix& real, std::size_t count, double noise) {
  std::mt19937_64 rng(1);
  std::normal_distribution<float> normal(
      0, static_cast<float>(noise / std::sqrt(static_cast<double>(real.columns))));
  Matrix all{real.columns, std::vector<float>(count * real.columns)};
  for (std::size_t i = 0; i < count; ++i) {
    const auto from = real.row(i % real.rows());
    float* const to = all.values.data() + i * real.columns;
    double square = 0;
    for (std::size_t d = 0; d < real.columns; ++d) {
      to[d] = from[d] + (i < real.rows() ? 0 : normal(rng));
      square += static_cast<double>(to[d]) * to[d];
    }
    if (i < real.rows()) continue;
    for (std::size_t d = 0; d < real.columns; ++d) {
      to[d] = static_cast<float>(to[d] / std::sqrt(square));
    }
  }
  return all;
}

// What reading the bits once costs, as quick as it can be done.
std::uint64_t read_bits(const std::vector<std::shared_ptr<const dense::Segment>>& all) {
  std::uint64_t sums[8] = {};
  for (const auto& segment : all) {
    const auto& part = segment->vectors().part;
    const std::size_t bytes = part.count * dense::bits_stride(part.dimension);
    for (std::size_t at = 0; at + 64 <= bytes; at += 64) {
      std::uint64_t words[8];
      std::memcpy(words, part.bits + at, 64);
      for (int i = 0; i < 8; ++i) sums[i] += words[i];
    }
  }
  std::uint64_t sum = 0;
  for (const auto one : sums) sum += one;
  return sum;
}

struct Question {
  std::string name;
  std::unique_ptr<Bitmap> allowed;
  std::vector<std::vector<std::uint32_t>> truth;
  Latencies latencies;
  double found = 0;
  double wanted = 0;
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Measures the index of vectors");
  std::string vectors_path;
  std::string queries_path;
  std::string directory;
  std::size_t count = 0;
  std::size_t query_count = 100;
  std::size_t rounds = 5;
  double noise = 0.5;
  app.add_option("--vectors", vectors_path, "float32 rows, a file of NumPy's")->required();
  app.add_option("--queries", queries_path, "likewise")->required();
  app.add_option("--directory", directory, "for the index and what is written")->required();
  app.add_option("--count", count, "of vectors: copies with noise beyond what is there");
  app.add_option("--noise", noise, "their distance from what they are copies of, about");
  app.add_option("--query-count", query_count, "so many queries at most");
  app.add_option("--rounds", rounds, "so many times each");
  bool reuse = false;
  app.add_flag("--reuse", reuse,
               "searches what an earlier call with the same options built");
  CLI11_PARSE(app, argc, argv);

  const Matrix real = read_npy<float>(vectors_path, "<f4");
  Matrix queries = read_npy<float>(queries_path, "<f4");
  if (queries.columns != real.columns || real.rows() == 0) {
    refuse("queries and vectors have different dimensions");
  }
  if (count == 0) count = real.rows();
  const Matrix vectors = reuse ? Matrix{real.columns, {}} : grown(real, count, noise);
  // Spread over all of them: neighbours in the file are of one kind.
  query_count = std::min(query_count, queries.rows());
  Matrix chosen{queries.columns, {}};
  for (std::size_t i = 0; i < query_count; ++i) {
    const auto row = queries.row(i * queries.rows() / query_count);
    chosen.values.insert(chosen.values.end(), row.begin(), row.end());
  }
  queries = std::move(chosen);
  std::filesystem::create_directories(directory);
  dense::IndexOptions options;
  options.directory = directory + "/index";
  options.dimension = vectors.columns;
  options.metric = Metric::cosine;
  if (!reuse) {
    dense::remove_index(options.directory);
    write_npy(directory + "/vectors.npy", "<f4", count, vectors.columns,
              vectors.values.data(), vectors.values.size() * 4);
    write_npy(directory + "/queries.npy", "<f4", query_count, queries.columns,
              queries.values.data(), queries.values.size() * 4);
  }
  auto index = must(dense::DenseIndex::open(options));
  constexpr std::size_t kRowsAtOnce = 1000;
  auto start = Stopwatch::now();
  double in_memory_us = 0;
  std::uint64_t version = 0;
  for (std::size_t i = 0; i < count && !reuse; i += kRowsAtOnce) {
    std::vector<dense::RowVectors> rows;
    for (std::size_t row = i; row < std::min(i + kRowsAtOnce, count); ++row) {
      rows.push_back({static_cast<std::uint32_t>(row), vectors.row(row)});
    }
    must(index->add(++version, rows));
    // The first flush comes later.
    if (i + kRowsAtOnce <= 16'000) in_memory_us = micros_since(start);
  }
  must(index->flush());
  const double build_us = micros_since(start);

  std::uint64_t file_bytes = 0;
  std::vector<std::shared_ptr<const dense::Segment>> segments;
  for (const auto& file : std::filesystem::directory_iterator(options.directory)) {
    segments.push_back(must(dense::Segment::open(file.path().string())));
    file_bytes += file.file_size();
  }
  start = Stopwatch::now();
  index.reset();
  index = must(dense::DenseIndex::open(options));
  const double open_us = micros_since(start);

  std::vector<Question> questions(3);
  const double shares[] = {1, 0.1, 0.01};
  for (std::size_t f = 0; f < questions.size(); ++f) {
    Question& question = questions[f];
    question.name = f == 0 ? "all" : fmt::format("{:g}%", shares[f] * 100);
    if (f > 0) {
      std::mt19937_64 rng(f);
      std::bernoulli_distribution is_allowed(shares[f]);
      question.allowed = std::make_unique<Bitmap>(static_cast<std::uint32_t>(count));
      std::vector<std::uint8_t> bytes(count);
      for (std::uint32_t row = 0; row < count; ++row) {
        if (!is_allowed(rng)) continue;
        question.allowed->set(row);
        bytes[row] = 1;
      }
      write_npy(fmt::format("{}/filter-{}.npy", directory, question.name), "|u1", count, 1,
                bytes.data(), bytes.size());
    }
  }
  const auto view_of = [&](const Question& question) {
    dense::VectorView view;
    view.version = index->version();
    view.row_end = static_cast<std::uint32_t>(count);
    view.allowed = question.allowed.get();
    return view;
  };
  for (Question& question : questions) {
    const std::string path = fmt::format("{}/truth-{}.npy", directory, question.name);
    if (reuse) {
      const auto truth = read_npy<std::uint32_t>(path, "<u4");
      if (truth.rows() != query_count) refuse(path + " is of other queries; measure anew");
      for (std::size_t q = 0; q < query_count; ++q) {
        question.truth.emplace_back(truth.row(q).begin(), truth.row(q).end());
      }
      continue;
    }
    std::vector<std::uint32_t> flat;
    for (std::size_t q = 0; q < query_count; ++q) {
      const auto found =
          must(index->search_exhaustively(queries.row(q), kTopK, view_of(question)));
      auto& truth = question.truth.emplace_back();
      for (const auto& row : found.rows) truth.push_back(row.row);
      truth.resize(kTopK, UINT32_MAX);
      flat.insert(flat.end(), truth.begin(), truth.end());
    }
    write_npy(path, "<u4", query_count, kTopK, flat.data(), flat.size() * 4);
  }
  progress(fmt::format("{} vectors: built, and compared one by one", count));

  Latencies reads;
  std::uint64_t sum = 0;
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t q = 0; q < query_count; ++q) {
      const double start_us = cpu_us();
      sum += read_bits(segments);
      reads.add(cpu_us() - start_us);
      for (Question& question : questions) {
        const double before = cpu_us();
        const auto found =
            must(index->search(queries.row(q), kTopK, view_of(question), {}));
        question.latencies.add(cpu_us() - before);
        const auto& truth = question.truth[q];
        for (const auto& row : found.rows) {
          question.found += std::count(truth.begin(), truth.end(), row.row);
        }
        question.wanted += kTopK;
      }
    }
  }

  const auto bytes_of = [&](std::size_t each) {
    return static_cast<double>(count) * static_cast<double>(each);
  };
  const double beside_values =
      static_cast<double>(file_bytes) - bytes_of(vectors.columns * 4);
  json::object report;
  report["count"] = count;
  report["real_count"] = std::min(count, real.rows());
  report["dimension"] = vectors.columns;
  report["segments"] = segments.size();
  report["bytes_to_codes"] = beside_values / bytes_of(vectors.columns);
  if (!reuse) {
    report["build_per_s"] = static_cast<double>(count) / build_us * 1e6;
    report["build_in_memory_per_s"] =
        static_cast<double>(std::min<std::size_t>(count, 16'000)) / in_memory_us * 1e6;
  }
  report["open_us"] = open_us;
  report["kernels"] = dense::kernels().name;
  report["sum"] = sum;  // So that it is computed.
  reads.report(report, "read_bits_");
  for (const Question& question : questions) {
    json::object own;
    question.latencies.report(own);
    own["recall"] = question.found / question.wanted;
    own["to_read_bits"] = question.latencies.at(0.5) / reads.at(0.5);
    report[question.name] = std::move(own);
  }
  emit(report);
}
