#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <span>

#include "corpus/dense/vector_part.h"
#include "model/collection.h"

namespace trawl::dense {

// Room for so many vectors in memory, filled from the front. One thread adds, while others
// read what had been added when they were told of it.
class TailChunk {
 public:
  TailChunk(Metric metric, std::uint32_t dimension, std::uint32_t capacity);

  std::uint32_t count() const { return count_; }
  std::uint32_t room() const { return capacity_ - count_; }
  // All of a row's vectors, for which there is room.
  void add(std::uint64_t version, std::uint32_t row, std::span<const float> values);

  // Takes back what was added since part() gave this.
  void cut_to(const VectorPart& part) {
    part_ = part;
    count_ = part.count;
  }

  // What is here now.
  VectorPart part() const { return part_; }
  // The versions of the vectors; they do not descend.
  const std::uint64_t* versions() const { return versions_; }

 private:
  struct Free {
    void operator()(std::byte* bytes) const {
      ::operator delete[](bytes, std::align_val_t{64});
    }
  };

  const Metric metric_;
  const std::uint32_t capacity_;
  std::unique_ptr<std::byte[], Free> memory_;
  VectorPart part_;
  std::uint32_t count_ = 0;
  std::uint64_t* versions_ = nullptr;
  std::uint32_t* rows_ = nullptr;
  std::uint16_t* scales_ = nullptr;
  std::uint16_t* factors_ = nullptr;
  std::uint16_t* squares_ = nullptr;
  std::uint8_t* bits_ = nullptr;
  std::uint8_t* own_bits_ = nullptr;
  std::uint8_t* codes_ = nullptr;
  float* values_ = nullptr;
};

}  // namespace trawl::dense
