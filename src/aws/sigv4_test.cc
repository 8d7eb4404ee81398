#include "aws/sigv4.h"

#include <gtest/gtest.h>

#include "aws/node_key.h"

namespace postern::aws {
namespace {

const Secret kSecret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
const Timestamp kNow = *from_amz_date("20241022T101112Z");

Timestamp at(const char* amz_date) {
  return *from_amz_date(amz_date);
}

const HeaderList kStartSession = {{"Host", "ssm.us-east-1.postern.example:8443"},
                                  {"Content-Type", "application/x-amz-json-1.1"},
                                  {"X-Amz-Target", "AmazonSSM.StartSession"}};
constexpr const char* kBody = R"({"Target":"mi-0123456789abcdef0"})";

HeaderList signed_start_session(Timestamp when = kNow) {
  HeaderList headers = kStartSession;
  const SignableRequest request{"POST", "/", headers, kBody};
  for (auto& header :
       sign_request(request, {"AKIDEXAMPLE", kSecret, std::nullopt}, "us-east-1", "ssm", when)) {
    headers.push_back(std::move(header));
  }
  return headers;
}

Authorization authorization_over(std::vector<std::string> signed_headers) {
  Authorization authorization;
  authorization.scope = {"20241022", "us-east-1", "ssm"};
  authorization.signed_headers = std::move(signed_headers);
  authorization.date = kNow;
  return authorization;
}

// Signs with botocore's signatures as the reference: one case each for JSON 1.1, a raw and an escaped @ in
// the path.
struct Golden {
  const char* method;
  const char* target;
  const char* service;
  HeaderList headers;
  const char* body;
  std::optional<Secret> token;
  const char* authorization;
};

TEST(SignRequest, AgreesWithBotocore) {
  const std::optional<Secret> token(Secret("IQoJb3JpZ2luX2Vj//////////=="));
  const HeaderList messages = {{"Host", "ssmmessages.us-east-1.postern.example"}};
  const std::vector<Golden> cases = {
      {"POST", "/", "ssm", kStartSession, kBody, token,
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20241022/us-east-1/ssm/aws4_request, "
       "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, "
       "Signature=b67a3b98b98ca45141c1e0acd253e3c915749a452b1fe6ac20e4120b607956cf"},
      {"GET", "/v1/data-channel/alice@example.com-0a1b?role=publish_subscribe", "ssmmessages", messages, "",
       token,
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20241022/us-east-1/ssmmessages/aws4_request, "
       "SignedHeaders=host;x-amz-date;x-amz-security-token, "
       "Signature=0ac2d50b7b7f18a11afbf4458d23102339c3aa53f49a51fab4edc818195280ea"},
      {"GET", "/v1/data-channel/alice%40example.com-0a1b", "ssmmessages", messages, "", std::nullopt,
       "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20241022/us-east-1/ssmmessages/aws4_request, "
       "SignedHeaders=host;x-amz-date, "
       "Signature=77de90710da3904c6de93ee88498a61e998848e26151d48241549546ffbd6813"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.target);
    const SignableRequest request{test.method, test.target, test.headers, test.body};
    const auto added =
        sign_request(request, {"AKIDEXAMPLE", kSecret, test.token}, "us-east-1", test.service, kNow);
    EXPECT_EQ(added.front(), (std::pair<std::string, std::string>("X-Amz-Date", "20241022T101112Z")));
    EXPECT_EQ(added.back().first, "Authorization");
    EXPECT_EQ(added.back().second, test.authorization);
  }
}

// Made by botocore.auth.SigV4QueryAuth.
constexpr const char* kPresigned =
    "/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
    "ASIAEXAMPLE%2F20241022%2Fus-east-1%2Fsts%2Faws4_request&X-Amz-Date=20241022T101112Z&X-Amz-Expires=60&"
    "X-Amz-SignedHeaders=host&X-Amz-Security-Token=IQoJb3JpZ2luX2Vj%2F%2F%2F%2F%2F%2F%2F%2F%2F%2F%3D%3D&"
    "X-Amz-Signature=3437f0a3d698b2fa2121fb552df74773a0538ba02034d2e3029ff5de1a251b50";

TEST(VerifySignature, AcceptsAPresignedUrlOfBotocore) {
  const HeaderList headers = {{"Host", "sts.postern.example"}};
  const SignableRequest request{"GET", kPresigned, headers, ""};
  const auto authorization = parse_authorization(request);
  ASSERT_TRUE(authorization) << authorization.error().message;
  EXPECT_EQ(authorization->form, SignatureForm::kQuery);
  EXPECT_EQ(authorization->session_token, "IQoJb3JpZ2luX2Vj//////////==");
  EXPECT_EQ(authorization->expires, std::chrono::seconds(60));
  EXPECT_TRUE(verify_signature(request, *authorization, kSecret));
  EXPECT_TRUE(check_time(*authorization, at("20241022T101212Z")));
  const auto late = check_time(*authorization, at("20241022T101213Z"));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().message, "Signature expired: 20241022T101212Z is now earlier than 20241022T101213Z");
}

TEST(VerifySignature, SaysWhatAwsSays) {
  const auto headers = signed_start_session();
  const SignableRequest request{"POST", "/", headers, kBody};
  const auto authorization = parse_authorization(request);
  ASSERT_TRUE(authorization);
  EXPECT_TRUE(verify_signature(request, *authorization, kSecret));
  const auto refused = verify_signature(request, *authorization, Secret("guess"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "InvalidSignatureException");
  EXPECT_EQ(refused.error().status, 403U);
  EXPECT_EQ(refused.error().message,
            "The request signature we calculated does not match the signature you provided. Check your AWS "
            "Secret Access Key "
            "and signing method. Consult the service documentation for details.");
}

TEST(VerifySignature, RefusesEachFlippedBitOfWhatIsSigned) {
  const auto headers = signed_start_session();
  const std::string body = kBody;
  for (std::size_t bit = 0; bit < body.size() * 8; ++bit) {
    std::string changed = body;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    const SignableRequest request{"POST", "/", headers, changed};
    EXPECT_FALSE(verify_signature(request, *parse_authorization(request), kSecret)) << bit;
  }
  // The target header's value. Case counts here, unlike in names.
  for (std::size_t bit = 0; bit < headers[2].second.size() * 8; ++bit) {
    auto changed = headers;
    changed[2].second[bit / 8] = static_cast<char>(changed[2].second[bit / 8] ^ (1 << bit % 8));
    const SignableRequest request{"POST", "/", changed, kBody};
    EXPECT_FALSE(verify_signature(request, *parse_authorization(request), kSecret)) << bit;
  }
}

TEST(VerifySignature, RefusesOrSurvivesEachFlippedBitAndLengthOfTheAuthorization) {
  const auto headers = signed_start_session();
  const std::string good = headers.back().second;
  const auto accepted = [&](std::string text) {
    auto changed = headers;
    changed.back().second = std::move(text);
    const SignableRequest request{"POST", "/", changed, kBody};
    const auto authorization = parse_authorization(request);
    if (!authorization || !check_time(*authorization, kNow)) return false;
    // The key id is not covered by the signature: it names the key.
    return authorization->access_key_id == "AKIDEXAMPLE" &&
           verify_signature(request, *authorization, kSecret).has_value();
  };
  ASSERT_TRUE(accepted(good));
  for (std::size_t length = 0; length < good.size(); ++length)
    EXPECT_FALSE(accepted(good.substr(0, length))) << length;
  const auto signed_headers = good.find("SignedHeaders=");
  const auto signature = good.find(", Signature=");
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    // Names of headers have no case, so flipping that bit changes nothing.
    const auto byte = bit / 8;
    if (bit % 8 == 5 && byte > signed_headers && byte < signature) continue;
    std::string changed = good;
    changed[byte] = static_cast<char>(changed[byte] ^ (1 << bit % 8));
    EXPECT_FALSE(accepted(changed)) << changed;
  }
}

// What verification says of a request whose content hash is `hash`; empty when it is content. A signed one
// is changed after signing, since nothing wrong gets signed here.
std::string verdict_on(const std::string& hash, bool cover) {
  constexpr auto kRight = "cb49a5559f6b3cc184771efe26696ff1bc14a2ecc273592a3e2718d0d3a457f3";
  HeaderList headers = {{"Host", "h"}};
  if (cover) headers.emplace_back("X-Amz-Content-Sha256", kRight);
  const SignableRequest request{"POST", "/", headers, kBody};
  auto added = sign_request(request, {"AKIDEXAMPLE", kSecret, std::nullopt}, "us-east-1", "ssm", kNow);
  headers.insert(headers.end(), added.begin(), added.end());
  if (cover) {
    headers[1].second = hash;
  } else {
    headers.emplace_back("X-Amz-Content-Sha256", hash);
  }
  const SignableRequest sent{"POST", "/", headers, kBody};
  const auto authorization = parse_authorization(sent);
  if (!authorization) return authorization.error().message;
  const auto verified = verify_signature(sent, *authorization, kSecret);
  return verified ? "" : verified.error().message;
}

TEST(VerifySignature, ControlPlaneTrap5_TrustsTheContentHashOnlyIfItIsSigned) {
  constexpr auto kDiffers = "The provided 'x-amz-content-sha256' header does not match what was computed.";
  EXPECT_EQ(verdict_on("anything", false), "");
  EXPECT_EQ(verdict_on("cb49a5559f6b3cc184771efe26696ff1bc14a2ecc273592a3e2718d0d3a457f3", true), "");
  EXPECT_EQ(verdict_on("cb49a5559f6b3cc184771efe26696ff1bc14a2ecc273592a3e2718d0d3a457f4", true), kDiffers);
  EXPECT_EQ(verdict_on("UNSIGNED-PAYLOAD", true), kDiffers);
}

TEST(CanonicalRequest, RefusesAbsentSignedHeadersAndAnUnsignedHost) {
  const HeaderList headers = {{"Host", "h"}};
  const SignableRequest request{"GET", "/", headers, ""};
  auto authorization = authorization_over({"host", "x-amz-date"});
  const auto absent = canonical_request(request, authorization);
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().message,
            "'x-amz-date' is a 'SignedHeader' in the AWS Authorization, but not in the request.");
  authorization.signed_headers = {"x-amz-date"};
  const auto no_host = canonical_request(request, authorization);
  ASSERT_FALSE(no_host);
  EXPECT_EQ(no_host.error().message,
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
}

TEST(CanonicalRequest, ControlPlaneTrap44_EncodesThePathTwiceExceptForS3) {
  const HeaderList headers = {{"Host", "h"}};
  const SignableRequest request{"GET", "/a//b/../c%20d", headers, ""};
  auto authorization = authorization_over({"host"});
  EXPECT_TRUE(canonical_request(request, authorization)->starts_with("GET\n/a/c%2520d\n"));
  authorization.scope.service = "s3";
  EXPECT_TRUE(canonical_request(request, authorization)->starts_with("GET\n/a//b/../c%20d\n"));
  // As they are on the wire in the ids of sessions, which begin with the name of whoever started them.
  authorization.scope.service = "ssmmessages";
  EXPECT_TRUE(canonical_request({"GET", "/v1/data-channel/a@b+c=d,e:f-0", headers, ""}, authorization)
                  ->starts_with("GET\n/v1/data-channel/a%40b%2Bc%3Dd%2Ce%3Af-0\n"));
}

struct Refusal {
  const char* what;
  const char* target;
  HeaderList headers;
  const char* code;
  const char* message;
};

TEST(ParseAuthorization, NamesWhatIsMissing) {
  const std::string hash = ", Signature=" + std::string(64, 'a');
  const std::pair<std::string, std::string> date = {"X-Amz-Date", "20241022T101112Z"};
  const std::vector<Refusal> cases = {
      {"nothing", "/", {}, "MissingAuthenticationTokenException", "Missing Authentication Token"},
      {"bearer",
       "/",
       {{"Authorization", "Bearer x"}},
       "MissingAuthenticationTokenException",
       "Missing Authentication Token"},
      {"algorithm",
       "/",
       {{"Authorization", "AWS4-HMAC-SHA512 x"}},
       "IncompleteSignatureException",
       "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512'."},
      {"all",
       "/",
       {{"Authorization", "AWS4-HMAC-SHA256"}},
       "IncompleteSignatureException",
       "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' "
       "parameter. "
       "Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of "
       "either a "
       "'X-Amz-Date' or a 'Date' header. (Hashed with SHA-256 and encoded with Base64) "
       "Authorization="},
      {"pair",
       "/",
       {{"Authorization", "AWS4-HMAC-SHA256 Credential"}},
       "IncompleteSignatureException",
       "'Credential' not a valid key=value pair (missing equal-sign) in Authorization header"},
      {"scope",
       "/",
       {{"Authorization", "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host" + hash}, date},
       "IncompleteSignatureException",
       "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got "
       "'a/b'"},
      {"terminator",
       "/",
       {{"Authorization",
         "AWS4-HMAC-SHA256 Credential=a/20241022/r/s/aws5_request, SignedHeaders=host" + hash},
        date},
       "InvalidSignatureException",
       "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'."},
      {"date",
       "/",
       {{"Authorization",
         "AWS4-HMAC-SHA256 Credential=a/20241022/r/s/aws4_request, SignedHeaders=host" + hash},
        {"X-Amz-Date", "yesterday"}},
       "IncompleteSignatureException",
       "Date must be in ISO-8601 'basic format'. Got 'yesterday'. See http://en.wikipedia.org/wiki/ISO_8601"},
      {"query",
       "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20241022T101112Z",
       {},
       "IncompleteSignatureException",
       "AWS query-string parameters must include 'X-Amz-Credential', 'X-Amz-Signature', "
       "'X-Amz-SignedHeaders', "
       "'X-Amz-Expires'. Re-examine the query-string parameters."},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.what);
    const auto parsed = parse_authorization({"POST", test.target, test.headers, ""});
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, test.code);
    EXPECT_TRUE(parsed.error().message.starts_with(test.message)) << parsed.error().message;
  }
}

TEST(ParseAuthorization, ReadsTheDateHeaderInHttpForm) {
  const HeaderList headers = {
      {"authorization",
       "AWS4-HMAC-SHA256 Credential=a/20241022/r/s/aws4_request,SignedHeaders=Host;Date,Signature=" +
           std::string(64, '0')},
      {"date", "Tue, 22 Oct 2024 10:11:12 GMT"}};
  const auto parsed = parse_authorization({"POST", "/", headers, ""});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->date, kNow);
  EXPECT_EQ(parsed->signed_headers, (std::vector<std::string>{"host", "date"}));
}

TEST(CheckTime, AllowsFifteenMinutesEitherWay) {
  const auto headers = signed_start_session();
  const auto authorization = *parse_authorization({"POST", "/", headers, kBody});
  EXPECT_TRUE(check_time(authorization, at("20241022T102612Z")));
  EXPECT_TRUE(check_time(authorization, at("20241022T095612Z")));
  const auto expired = check_time(authorization, at("20241022T102613Z"));
  ASSERT_FALSE(expired);
  EXPECT_EQ(expired.error().message,
            "Signature expired: 20241022T101112Z is now earlier than 20241022T101113Z (20241022T102613Z - 15 "
            "min.)");
  const auto early = check_time(authorization, at("20241022T095611Z"));
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().message,
            "Signature not yet current: 20241022T101112Z is still later than 20241022T101111Z "
            "(20241022T095611Z + 15 min.)");
}

TEST(CheckTime, ComparesTheScopesDate) {
  auto authorization = *parse_authorization({"POST", "/", signed_start_session(), kBody});
  authorization.scope.date = "20241021";
  const auto wrong = check_time(authorization, kNow);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            "'20241021' != "
            "'20241022', from '20241022T101112Z'.");
}

TEST(SignRequestWith, ControlPlaneTrap4_MakesWhatARegisteredNodeSends) {
  const auto key = NodeKey::generate();
  HeaderList headers = {{"Host", "ssm.postern.example"}, {"Content-Length", "2"}};
  const auto sign = [&](std::string_view text) { return key.sign_base64(text); };
  for (auto& header : sign_request_with({"POST", "/", headers, "{}"}, "mi-0123456789abcdef0", "us-east-1",
                                        "ssm", kNow, sign)) {
    headers.push_back(std::move(header));
  }
  const SignableRequest request{"POST", "/", headers, "{}"};
  const auto authorization = parse_authorization(request);
  ASSERT_TRUE(authorization) << authorization.error().message;
  EXPECT_EQ(authorization->access_key_id, "mi-0123456789abcdef0");
  EXPECT_EQ(authorization->signature.size(), 344U);
  EXPECT_TRUE(verify_rsa_pss(key.public_key_base64(), *string_to_sign(request, *authorization),
                             authorization->signature));
  EXPECT_FALSE(verify_signature(request, *authorization, kSecret));
}

}  // namespace
}  // namespace postern::aws
