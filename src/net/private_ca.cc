#include "net/private_ca.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>

#include "base/random.h"

namespace postern::net {
namespace {

constexpr std::chrono::days kAuthorityLifetime{3650};
constexpr std::chrono::days kServerLifetime{397};
// A clock that is a little behind must not refuse a certificate made just now.
constexpr std::chrono::hours kBackdate{1};

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Deleter<X509_free>>;
using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>>;

void require(bool ok, const char* step) {
  if (ok) return;
  const auto code = ERR_get_error();
  char text[256] = "unknown error";
  if (code != 0) ERR_error_string_n(code, text, sizeof text);
  throw std::runtime_error(std::string("certificate: ") + step + ": " + text);
}

std::string take(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

CertificatePtr parse_certificate(const std::string& pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  CertificatePtr certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  require(certificate != nullptr, "read certificate");
  return certificate;
}

KeyPtr parse_key(const Secret& pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.reveal().data(), static_cast<int>(pem.reveal().size())));
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  require(key != nullptr, "read private key");
  return key;
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  require(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1, "add extension");
}

// Built from the names themselves, not from OpenSSL's configuration syntax, in which a comma in a name would
// be another name.
void add_subject_names(X509* certificate, const SubjectNames& names) {
  const NamesPtr list(GENERAL_NAMES_new());
  const auto add = [&](int type, ASN1_STRING* value) {
    GENERAL_NAME* name = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(name, type, value);
    require(sk_GENERAL_NAME_push(list.get(), name) > 0, "add name");
  };
  for (const auto& dns : names.dns) {
    ASN1_IA5STRING* value = ASN1_IA5STRING_new();
    require(ASN1_STRING_set(value, dns.data(), static_cast<int>(dns.size())) == 1, "add DNS name");
    add(GEN_DNS, value);
  }
  for (const auto& address : names.addresses) {
    ASN1_OCTET_STRING* value = a2i_IPADDRESS(address.c_str());
    if (value == nullptr) throw std::runtime_error("certificate: not an IP address: " + address);
    add(GEN_IPADD, value);
  }
  require(X509_add1_ext_i2d(certificate, NID_subject_alt_name, list.get(), 0, X509V3_ADD_APPEND) == 1,
          "add names");
}

struct Draft {
  KeyPtr key;
  CertificatePtr certificate;
};

Draft make_draft(const std::string& common_name, Timestamp now, std::chrono::days lifetime) {
  Draft draft{KeyPtr(EVP_EC_gen("P-256")), CertificatePtr(X509_new())};
  require(draft.key && draft.certificate, "make key");
  X509* certificate = draft.certificate.get();
  // 64 random bits, positive.
  std::uint64_t serial = 0;
  fill_random({reinterpret_cast<std::uint8_t*>(&serial), sizeof serial});
  const auto seconds = [](Timestamp time) { return std::chrono::system_clock::to_time_t(time); };
  require(X509_set_version(certificate, X509_VERSION_3) == 1 &&
              ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1 | 1) == 1 &&
              ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(now - kBackdate)) != nullptr &&
              ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(now + lifetime)) != nullptr &&
              X509_set_pubkey(certificate, draft.key.get()) == 1 &&
              X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                         reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                                         0) == 1,
          "fill in");
  return draft;
}

CertifiedKey to_pem(const Draft& draft) {
  const BioPtr certificate(BIO_new(BIO_s_mem()));
  const BioPtr key(BIO_new(BIO_s_secmem()));
  require(PEM_write_bio_X509(certificate.get(), draft.certificate.get()) == 1 &&
              PEM_write_bio_PKCS8PrivateKey(key.get(), draft.key.get(), nullptr, nullptr, 0, nullptr,
                                            nullptr) == 1,
          "write PEM");
  return {take(certificate.get()), Secret(take(key.get()))};
}

std::string address_text(const ASN1_OCTET_STRING* value) {
  char text[INET6_ADDRSTRLEN] = {};
  const int family = ASN1_STRING_length(value) == 4 ? AF_INET : AF_INET6;
  inet_ntop(family, ASN1_STRING_get0_data(value), text, sizeof text);
  return text;
}

}  // namespace

CertifiedKey make_certificate_authority(const std::string& common_name, Timestamp now) {
  const auto draft = make_draft(common_name, now, kAuthorityLifetime);
  X509* certificate = draft.certificate.get();
  require(X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1, "set issuer");
  add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(certificate, certificate, NID_subject_key_identifier, "hash");
  require(X509_sign(certificate, draft.key.get(), EVP_sha256()) > 0, "sign");
  return to_pem(draft);
}

CertifiedKey issue_server_certificate(const CertifiedKey& authority, const SubjectNames& names,
                                      Timestamp now) {
  const auto issuer = parse_certificate(authority.certificate_pem);
  const auto issuer_key = parse_key(authority.private_key_pem);
  const auto draft = make_draft("posternd", now, kServerLifetime);
  X509* certificate = draft.certificate.get();
  require(X509_set_issuer_name(certificate, X509_get_subject_name(issuer.get())) == 1, "set issuer");
  add_extension(certificate, issuer.get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate, issuer.get(), NID_key_usage, "critical,digitalSignature");
  add_extension(certificate, issuer.get(), NID_ext_key_usage, "serverAuth");
  add_extension(certificate, issuer.get(), NID_subject_key_identifier, "hash");
  add_extension(certificate, issuer.get(), NID_authority_key_identifier, "keyid");
  add_subject_names(certificate, names);
  require(X509_sign(certificate, issuer_key.get(), EVP_sha256()) > 0, "sign");
  return to_pem(draft);
}

CertificateFacts read_certificate(const std::string& pem) {
  const auto certificate = parse_certificate(pem);
  CertificateFacts facts;
  std::tm expires{};
  require(ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &expires) == 1, "read expiry");
  facts.expires =
      std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::from_time_t(timegm(&expires)));
  const NamesPtr list(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; list && i < sk_GENERAL_NAME_num(list.get()); ++i) {
    int type = 0;
    const auto* value =
        static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(list.get(), i), &type));
    if (type == GEN_DNS) {
      facts.names.dns.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                                   static_cast<std::size_t>(ASN1_STRING_length(value)));
    } else if (type == GEN_IPADD) {
      facts.names.addresses.push_back(address_text(value));
    }
  }
  return facts;
}

}  // namespace postern::net
