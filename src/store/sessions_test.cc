#include <gtest/gtest.h>

#include "store/connection.h"
#include "store/error.h"
#include "store/migrations.h"
#include "store/repositories.h"
#include "store/test_store.h"

namespace postern::store {
namespace {

class Sessions : public testing::Test {
 protected:
  Sessions() { migrate(connection_.sql(), built_in_migrations()); }

  void add(const std::string& session_id, int started, SessionStatus status = SessionStatus::kConnected) {
    auto session = sample_session(session_id, at(started));
    session.status = status;
    if (status == SessionStatus::kTerminated || status == SessionStatus::kFailed)
      session.ended = at(started + 10);
    sessions_.add(session);
  }

  std::string ids(const SessionQuery& query) {
    std::string found;
    for (const auto& session : sessions_.list(query)) found += session.session_id + " ";
    return found;
  }

  TestStorage storage_;
  Connection connection_ = storage_.connect();
  SessionRepository sessions_{connection_.sql()};
};

TEST_F(Sessions, ComeBackWholeAfterEachChange) {
  auto session = sample_session("alice-1", at(1));
  session.document_version = "7";
  session.session_type = "Port";
  session.idle_timeout = std::chrono::minutes(20);
  session.max_duration = std::chrono::hours(1);
  sessions_.add(session);
  auto found = sessions_.find("alice-1").value();
  EXPECT_EQ(found.target, "mi-1");
  EXPECT_EQ(found.document_name, "SSM-SessionManagerRunShell");
  EXPECT_EQ(found.document_version, "7");
  EXPECT_EQ(found.session_type, "Port");
  EXPECT_EQ(found.idle_timeout, std::chrono::seconds(1200));
  EXPECT_EQ(found.max_duration, std::chrono::seconds(3600));
  EXPECT_EQ(found.owner_arn, session.owner_arn);
  EXPECT_EQ(found.owner_id, "AIDAALICE");
  EXPECT_EQ(found.reason, "deploy");
  EXPECT_EQ(found.authorization, "sealed");
  EXPECT_EQ(found.status, SessionStatus::kConnecting);
  EXPECT_EQ(found.started, at(1));
  EXPECT_EQ(found.connected, std::nullopt);
  EXPECT_EQ(found.ended, std::nullopt);
  EXPECT_EQ(found.client_token_hash, "cafe");
  EXPECT_EQ(found.client_token_expires, at(61));

  session.status = SessionStatus::kTerminated;
  session.details = "the person left";
  session.connected = at(2);
  session.ended = at(3);
  session.client_token_hash.clear();
  session.client_token_expires.reset();
  EXPECT_TRUE(sessions_.update(session));
  found = sessions_.find("alice-1").value();
  EXPECT_EQ(found.status, SessionStatus::kTerminated);
  EXPECT_EQ(found.details, "the person left");
  EXPECT_EQ(found.connected, at(2));
  EXPECT_EQ(found.ended, at(3));
  EXPECT_EQ(found.client_token_hash, "");
  EXPECT_EQ(found.client_token_expires, std::nullopt);

  EXPECT_FALSE(sessions_.find("alice-2"));
  EXPECT_FALSE(sessions_.update(sample_session("alice-2", at(1))));
  EXPECT_THROW(sessions_.add(session), StoreError) << "the same id twice";
}

TEST_F(Sessions, StatusDecidesTheList) {
  using enum SessionStatus;
  add("a", 1, kConnecting);
  add("b", 2, kConnected);
  add("c", 3, kDisconnected);
  add("d", 4, kTerminating);
  add("e", 5, kTerminated);
  add("f", 6, kFailed);
  EXPECT_EQ(ids({}), "d c b a ");
  SessionQuery history;
  history.state = SessionQuery::State::kHistory;
  EXPECT_EQ(ids(history), "f e ");
  history.status = kFailed;
  EXPECT_EQ(ids(history), "f ");
  EXPECT_EQ(sessions_.count_active(), 4U);
}

TEST_F(Sessions, FiltersNarrow) {
  add("a", 1);
  add("b", 2);
  auto other = sample_session("c", at(3));
  other.target = "mi-2";
  other.owner_arn = "arn:aws:iam::123456789012:user/bob";
  sessions_.add(other);

  SessionQuery query;
  query.session_id = "b";
  EXPECT_EQ(ids(query), "b ");
  query = {};
  query.target = "mi-2";
  EXPECT_EQ(ids(query), "c ");
  query = {};
  query.owner_arn = "arn:aws:iam::123456789012:user/alice";
  EXPECT_EQ(ids(query), "b a ");
  query.started_after = at(1);
  EXPECT_EQ(ids(query), "b ");
  query = {};
  query.started_before = at(2);
  EXPECT_EQ(ids(query), "a ");
  query = {};
  query.status = SessionStatus::kConnecting;
  EXPECT_EQ(ids(query), "c ");
}

TEST_F(Sessions, HistoryReachesBackOnlySoFar) {
  add("old", 1, SessionStatus::kTerminated);
  add("new", 2, SessionStatus::kTerminated);
  SessionQuery query;
  query.state = SessionQuery::State::kHistory;
  query.ended_after = at(11);
  EXPECT_EQ(ids(query), "new ");
}

TEST_F(Sessions, PagesContinueBehindTheLastOne) {
  for (const auto* id : {"a", "b", "c"}) add(id, 1);
  add("d", 2);
  SessionQuery query;
  query.limit = 2;
  EXPECT_EQ(ids(query), "d c ");
  query.after = {at(1), "c"};
  EXPECT_EQ(ids(query), "b a ");
  query.after = {at(1), "a"};
  EXPECT_EQ(ids(query), "");
  query = {};
  query.limit = SIZE_MAX;
  EXPECT_EQ(ids(query), "d c b a ");
}

}  // namespace
}  // namespace postern::store
