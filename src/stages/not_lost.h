#pragma once

#include "pipeline/loss.h"

namespace trawl {

// Of a document that the stage was not given, and does not read itself.
inline Loss not_given() {
  Loss out;
  out.reason = "not_given";
  out.sentence = "it was not among what the stage was given";
  return out;
}

// Of a stage that hands on all that it is given.
inline Loss loses_nothing() {
  Loss out;
  out.reason = "unknown";
  out.sentence = "the stage hands on all that it is given";
  return out;
}

}  // namespace trawl
