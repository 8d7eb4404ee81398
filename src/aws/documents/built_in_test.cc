#include "aws/documents/built_in.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace postern::aws {
namespace {

TEST(BuiltInDocuments, AreThoseThatClientsKnow) {
  for (const auto* name :
       {"SSM-SessionManagerRunShell", "AWS-StartSSHSession", "AWS-StartPortForwardingSession",
        "AWS-StartPortForwardingSessionToRemoteHost", "AWS-StartPortForwardingSessionToSocket",
        "AWS-StartInteractiveCommand", "AWS-StartNonInteractiveCommand", "Postern-StartForwarding",
        "Postern-StartCommand", "Postern-CopyFiles"}) {
    EXPECT_NE(find_built_in_document(name), nullptr) << name;
  }
  EXPECT_EQ(find_built_in_document("AWS-RunShellScript"), nullptr);
  EXPECT_TRUE(std::ranges::is_sorted(built_in_documents(), {}, &BuiltInDocument::name));
}

TEST(BuiltInDocuments, AreAllValidAndHaveADescription) {
  for (const auto& document : built_in_documents()) {
    const auto parsed = parse_session_document(document.content, DocumentFormat::kJson);
    ASSERT_TRUE(parsed) << document.name << parsed.error().message;
    EXPECT_FALSE(parsed->description.empty()) << document.name;
    EXPECT_EQ(parsed_built_in_document(document).type, parsed->type);
  }
}

TEST(BuiltInDocuments, ReadTheSameInYaml) {
  for (const auto& document : built_in_documents()) {
    const auto yaml = convert_document(document.content, DocumentFormat::kJson, DocumentFormat::kYaml);
    ASSERT_TRUE(yaml) << yaml.error().message;
    EXPECT_EQ(parse_document_text(*yaml, DocumentFormat::kYaml).value(),
              parse_document_text(document.content, DocumentFormat::kJson).value())
        << *yaml;
  }
}

TEST(IsReservedDocumentName, KeepsTheOwnersBeginnings) {
  for (const auto* reserved :
       {"AWS-Mine", "aws-mine", "awsMine", "Amazon-X", "AMZN-x", "Postern-Mine", "postern-x"})
    EXPECT_TRUE(is_reserved_document_name(reserved)) << reserved;
  for (const auto* free : {"mine", "SSM-SessionManagerRunShell", "posternal", "my-aws", "aw"})
    EXPECT_FALSE(is_reserved_document_name(free)) << free;
}

}  // namespace
}  // namespace postern::aws
