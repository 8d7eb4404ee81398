#include "net/testing/certificate.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "base/check.h"

namespace postern::net::testing {
namespace {

template <auto Function>
struct Free {
  template <class T>
  void operator()(T* object) const {
    Function(object);
  }
};
using BioPtr = std::unique_ptr<BIO, Free<BIO_free_all>>;
using X509Ptr = std::unique_ptr<X509, Free<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>;

std::string contents(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

void add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  POSTERN_CHECK(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

bool is_address(const std::string& name) {
  return name.find_first_not_of("0123456789abcdef.:") == std::string::npos;
}

}  // namespace

Certificate make_self_signed(const std::vector<std::string>& names) {
  const KeyPtr key(EVP_EC_gen("P-256"));
  const X509Ptr certificate(X509_new());
  POSTERN_CHECK(key && certificate);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 24 * 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1,
                             0);
  X509_set_issuer_name(certificate.get(), name);
  std::string alternatives;
  for (const auto& each : names) {
    if (!alternatives.empty()) alternatives += ',';
    alternatives += (is_address(each) ? "IP:" : "DNS:") + each;
  }
  add_extension(certificate.get(), NID_subject_alt_name, alternatives);
  add_extension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  POSTERN_CHECK(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);

  const BioPtr certificate_bio(BIO_new(BIO_s_mem()));
  const BioPtr key_bio(BIO_new(BIO_s_mem()));
  POSTERN_CHECK(PEM_write_bio_X509(certificate_bio.get(), certificate.get()) == 1);
  POSTERN_CHECK(PEM_write_bio_PrivateKey(key_bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) ==
                1);
  return {contents(certificate_bio.get()), Secret(contents(key_bio.get()))};
}

std::string write_temporary_file(const std::string& text) {
  const char* directory = std::getenv("TMPDIR");
  std::string path = std::string(directory ? directory : "/tmp") + "/postern-test-XXXXXX";
  const int descriptor = ::mkstemp(path.data());
  POSTERN_CHECK(descriptor >= 0);
  POSTERN_CHECK(::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  ::close(descriptor);
  return path;
}

}  // namespace postern::net::testing
