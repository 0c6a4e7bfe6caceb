#include "cli/client/event_stream.h"

#include <gtest/gtest.h>

#include <vector>

namespace trawl::cli::event_stream_test {
namespace {

using Events = std::vector<std::string>;

// The events as "kind=data", of a stream that arrives in pieces of a size.
Events events_of(std::string_view text, std::size_t step, std::string* last_id = nullptr) {
  Events out;
  EventStream stream(
      [&](const ServerEvent& event) { out.push_back(event.kind + "=" + event.data); });
  for (std::size_t i = 0; i < text.size(); i += step) stream.feed(text.substr(i, step));
  if (last_id) *last_id = stream.last_id();
  return out;
}

TEST(EventStream, ReadsEventsInAnyPieces) {
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    std::string text =
        ": comment|retry: 5||event: a|id: 1|data: x||data:y|data: z|unknown: 1||"
        "id: 2||event: none||data: last||";
    for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos;) {
      text.replace(at, 1, end);
      at += end.size();
    }
    for (std::size_t step = 1; step < text.size(); ++step) {
      std::string last_id;
      EXPECT_EQ(events_of(text, step, &last_id),
                (Events{"a=x", "message=y\nz", "message=last"}))
          << step;
      EXPECT_EQ(last_id, "2");
    }
  }
}

TEST(EventStream, AnEventThatIsCutOffDoesNotCount) {
  Events out;
  EventStream stream([&](const ServerEvent& event) { out.push_back(event.data); });
  stream.feed("id: 1\ndata: whole\n\nevent: e\nid: 2\ndata: ha");
  EXPECT_EQ(stream.last_id(), "1");
  stream.restart();
  stream.feed("data: next\n\n");
  EXPECT_EQ(stream.last_id(), "1");
  EXPECT_EQ(out, (Events{"whole", "next"}));
}

}  // namespace
}  // namespace trawl::cli::event_stream_test
