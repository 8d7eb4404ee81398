#include "auth/password.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <string>
#include <thread>

#include "base/encoding.h"

namespace postern::auth {
namespace {

// Cheap, so that the tests are.
constexpr ScryptCost kCheap{.log_n = 4, .r = 8, .p = 1};

TEST(Password, MatchesItselfAndNothingElse) {
  const auto text = hash_password(Secret("correct horse"), kCheap);
  EXPECT_TRUE(text.starts_with("$scrypt$ln=4,r=8,p=1$"));
  EXPECT_TRUE(verify_password(Secret("correct horse"), text));
  EXPECT_FALSE(verify_password(Secret("correct horsf"), text));
  EXPECT_FALSE(verify_password(Secret(""), text));
  EXPECT_NE(text, hash_password(Secret("correct horse"), kCheap)) << "salted";
}

// RFC 7914 section 12: N=1024, r=8, p=16; the first 32 of its 64 bytes don't depend on the length.
TEST(Password, MatchesTheVectorOfTheRfc) {
  const auto hash = from_hex("fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162");
  ASSERT_TRUE(hash);
  EXPECT_TRUE(verify_password(
      Secret("password"),
      std::string("$scrypt$ln=10,r=8,p=16$") + to_base64url(as_bytes("NaCl")) + "$" + to_base64url(*hash)));
}

TEST(Password, RefusesLinesThatAreNotOurs) {
  const auto good = hash_password(Secret("x"), kCheap);
  const auto salt = good.substr(good.find('$', 9) + 1);
  for (const auto& wrong :
       {std::string(), std::string("x"), std::string("$scrypt$ln=4,r=8,p=1$"), good + "A",
        "$scrypt$ln=40,r=8,p=1$" + salt, "$scrypt$ln=4,r=8000,p=1$" + salt, "$scrypt$ln=4,r=8,p=0$" + salt,
        "$scrypt$ln=-4,r=8,p=1$" + salt, "$argon2$ln=4,r=8,p=1$" + salt}) {
    EXPECT_FALSE(verify_password(Secret("x"), wrong)) << wrong;
  }
  for (std::size_t cut = 0; cut < good.size(); ++cut)
    EXPECT_FALSE(verify_password(Secret("x"), good.substr(0, cut))) << cut;
}

TEST(PasswordHasher, HashesElsewhere) {
  PasswordHasher hasher;
  boost::asio::io_context context;
  auto done = boost::asio::co_spawn(
      context,
      [&]() -> boost::asio::awaitable<int> {
        const auto home = std::this_thread::get_id();
        const auto text = co_await hasher.hash(Secret("secret"));
        const auto right = co_await hasher.verify(Secret("secret"), *text);
        const auto wrong = co_await hasher.verify(Secret("Secret"), *text);
        const auto nobody = co_await hasher.verify(Secret("secret"), "");
        co_return (*right ? 1 : 0) + (*wrong ? 2 : 0) + (*nobody ? 4 : 0) +
            (std::this_thread::get_id() == home ? 0 : 8);
      },
      boost::asio::use_future);
  context.run();
  EXPECT_EQ(done.get(), 1);
}

TEST(PasswordHasher, RefusesWhenTooManyWait) {
  PasswordHasher hasher;
  boost::asio::io_context context;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < PasswordHasher::kMaxWaiting + 3; ++i) {
    // A line that costs nothing to refuse; the first one keeps the thread busy meanwhile.
    boost::asio::co_spawn(context, hasher.verify(Secret("x"), i == 0 ? "" : "no line"),
                          [&](const std::exception_ptr&, std::optional<bool> result) { refused += !result; });
  }
  context.run();
  EXPECT_LE(refused, 3U);
  EXPECT_GE(refused, 1U);
}

}  // namespace
}  // namespace postern::auth
