#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"

namespace postern {

/// Bytes of a fixed capacity that nobody has set to zero: for what is written over anyway, where a Bytes
/// would cost as much again. It has one owner and moves.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t capacity)
      : data_(std::make_unique_for_overwrite<std::uint8_t[]>(capacity)),
        size_(capacity),
        capacity_(capacity) {}
  Buffer(Buffer&& other) noexcept
      : data_(std::move(other.data_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }

  /// Its size becomes `size`, at most its capacity. The bytes stay.
  void resize(std::size_t size) {
    POSTERN_CHECK(size <= capacity_);
    size_ = size;
  }

  std::span<std::uint8_t> bytes() { return {data_.get(), size_}; }
  ByteView bytes() const { return {data_.get(), size_}; }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }

 private:
  std::unique_ptr<std::uint8_t[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// Buffers of one capacity, kept for their next use instead of returned to the allocator, which would give
/// their pages back to the system and fetch others a moment later.
class BufferPool {
 public:
  /// Keeps up to `max_bytes` that nobody uses.
  explicit BufferPool(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  /// A buffer of `capacity`, its size the same. Those of another capacity are let go.
  Buffer take(std::size_t capacity) {
    if (capacity != capacity_) {
      free_.clear();
      capacity_ = capacity;
    }
    if (free_.empty()) return Buffer(capacity);
    auto buffer = std::move(free_.back());
    free_.pop_back();
    buffer.resize(capacity);
    return buffer;
  }

  /// Lets the buffer go unless it is of the capacity that was taken last and there is room.
  void give_back(Buffer buffer) {
    if (!buffer.empty() && buffer.capacity() == capacity_ && (free_.size() + 1) * capacity_ <= max_bytes_)
      free_.push_back(std::move(buffer));
  }

  /// Frees all but `bytes`.
  void shrink(std::size_t bytes) {
    while (!free_.empty() && free_.size() * capacity_ > bytes) free_.pop_back();
  }

  std::size_t free_bytes() const { return free_.size() * capacity_; }

 private:
  std::size_t max_bytes_;
  std::size_t capacity_ = 0;
  std::vector<Buffer> free_;
};

}  // namespace postern
