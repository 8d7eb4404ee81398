#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "base/clock.h"
#include "client/api_client.h"
#include "client/ssm_api.h"

/// What commands need of the API.
namespace postern::client {

/// Throws what is missing or wrong.
Settings settings_for(const ConfigFlags& flags);

template <class T>
T or_throw(std::expected<T, aws::ApiError> answer) {
  if (!answer) throw std::runtime_error(explain(answer.error()));
  return std::move(*answer);
}

/// A call over a connection of its own; everything that it refers to lives in this frame.
template <class Answer, class Question>
net::awaitable<std::expected<Answer, aws::ApiError>> ask_once(const Settings& settings, std::string operation,
                                                              Question question) {
  const net::TlsClientContext tls(settings.ca_bundle);
  const SystemClock clock;
  ApiClient api(settings, tls, clock);
  auto answer = co_await api.ask<Answer>(std::move(operation), std::move(question));
  co_return answer;
}

}  // namespace postern::client
