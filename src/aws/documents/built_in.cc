#include "aws/documents/built_in.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/check.h"

namespace postern::aws {
namespace {

// The names, parameters and meaning are those that clients of AWS rely on (control-plane.md 5.2); the texts
// are ours.
constexpr BuiltInDocument kDocuments[] = {
    {"AWS-StartInteractiveCommand", "Amazon", R"json({
  "schemaVersion": "1.0",
  "description": "Runs one command in a terminal on the node",
  "sessionType": "InteractiveCommands",
  "parameters": {
    "command": {
      "type": "String",
      "description": "The command to run"
    }
  },
  "properties": {
    "linux": { "commands": "{{ command }}", "runAsElevated": false },
    "macos": { "commands": "{{ command }}", "runAsElevated": false },
    "windows": { "commands": "{{ command }}", "runAsElevated": false }
  }
}
)json"},
    {"AWS-StartNonInteractiveCommand", "Amazon", R"json({
  "schemaVersion": "1.0",
  "description": "Runs one command without a terminal on the node",
  "sessionType": "NonInteractiveCommands",
  "parameters": {
    "command": {
      "type": "String",
      "description": "The command to run"
    }
  },
  "properties": {
    "linux": { "commands": "{{ command }}", "runAsElevated": false },
    "macos": { "commands": "{{ command }}", "runAsElevated": false },
    "windows": { "commands": "{{ command }}", "runAsElevated": false }
  }
}
)json"},
    {"AWS-StartPortForwardingSession", "Amazon", R"json({
  "schemaVersion": "1.0",
  "description": "Forwards a local port to a port of the node",
  "sessionType": "Port",
  "parameters": {
    "portNumber": {
      "type": "String",
      "description": "Port of the node",
      "allowedPattern": "^([1-9]|[1-9][0-9]{1,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$",
      "default": "80"
    },
    "localPortNumber": {
      "type": "String",
      "description": "Port on this machine; 0 is any that is free",
      "allowedPattern": "^([0-9]|[1-9][0-9]{1,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$",
      "default": "0"
    }
  },
  "properties": {
    "portNumber": "{{ portNumber }}",
    "type": "LocalPortForwarding",
    "localPortNumber": "{{ localPortNumber }}"
  }
}
)json"},
    {"AWS-StartPortForwardingSessionToRemoteHost", "Amazon", R"json({
  "schemaVersion": "1.0",
  "description": "Forwards a local port to a port of a host that the node can reach",
  "sessionType": "Port",
  "parameters": {
    "host": {
      "type": "String",
      "description": "Name or address of the host",
      "allowedPattern": "^[^,$^&(){}?`'\"|<>/\\s]{1,255}$",
      "default": "localhost"
    },
    "portNumber": {
      "type": "String",
      "description": "Port of the host",
      "allowedPattern": "^([1-9]|[1-9][0-9]{1,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$",
      "default": "80"
    },
    "localPortNumber": {
      "type": "String",
      "description": "Port on this machine; 0 is any that is free",
      "allowedPattern": "^([0-9]|[1-9][0-9]{1,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$",
      "default": "0"
    }
  },
  "properties": {
    "host": "{{ host }}",
    "portNumber": "{{ portNumber }}",
    "type": "LocalPortForwarding",
    "localPortNumber": "{{ localPortNumber }}"
  }
}
)json"},
    // AWS lists the name without saying what is in it: this is our reading.
    {"AWS-StartPortForwardingSessionToSocket", "Amazon", R"json({
  "schemaVersion": "1.0",
  "description": "Forwards a local port to a UNIX socket of the node",
  "sessionType": "Port",
  "parameters": {
    "socket": {
      "type": "String",
      "description": "Absolute path of the socket",
      "allowedPattern": "^/[^\\x00-\\x1f]*$",
      "maxChars": 107
    },
    "localPortNumber": {
      "type": "String",
      "description": "Port on this machine; 0 is any that is free",
      "allowedPattern": "^([0-9]|[1-9][0-9]{1,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$",
      "default": "0"
    }
  },
  "properties": {
    "socket": "{{ socket }}",
    "type": "LocalPortForwarding",
    "localPortNumber": "{{ localPortNumber }}"
  }
}
)json"},
    {"AWS-StartSSHSession", "Amazon", R"json({
  "schemaVersion": "1.0",
  "description": "Connects standard input and output with the node's SSH server",
  "sessionType": "Port",
  "parameters": {
    "portNumber": {
      "type": "String",
      "description": "Port of the SSH server",
      "allowedPattern": "^([1-9]|[1-9][0-9]{1,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$",
      "default": "22"
    }
  },
  "properties": {
    "portNumber": "{{ portNumber }}"
  }
}
)json"},
    {"Postern-CopyFiles", "Postern", R"json({
  "schemaVersion": "1.0",
  "description": "Copies files to or from the node, for postern cp",
  "sessionType": "NonInteractiveCommands",
  "parameters": {
    "direction": {
      "type": "String",
      "description": "upload to the node, or download from it",
      "allowedValues": ["upload", "download"]
    },
    "path": {
      "type": "String",
      "description": "File or directory on the node",
      "minChars": 1,
      "maxChars": 4096
    }
  },
  "properties": {
    "linux": {
      "commands": "postern-agent copy-files",
      "separateOutputStream": true,
      "copyFiles": { "direction": "{{ direction }}", "path": "{{ path }}" }
    },
    "macos": {
      "commands": "postern-agent copy-files",
      "separateOutputStream": true,
      "copyFiles": { "direction": "{{ direction }}", "path": "{{ path }}" }
    },
    "windows": {
      "commands": "postern-agent copy-files",
      "separateOutputStream": true,
      "copyFiles": { "direction": "{{ direction }}", "path": "{{ path }}" }
    }
  }
}
)json"},
    {"Postern-StartCommand", "Postern", R"json({
  "schemaVersion": "1.0",
  "description": "Runs one command with separate output and error streams, for postern exec",
  "sessionType": "NonInteractiveCommands",
  "parameters": {
    "command": {
      "type": "String",
      "description": "The command; quotes and backslashes as in a shell, but no shell runs it",
      "minChars": 1,
      "maxChars": 65535
    }
  },
  "properties": {
    "linux": { "commands": "{{ command }}", "separateOutputStream": true },
    "macos": { "commands": "{{ command }}", "separateOutputStream": true },
    "windows": { "commands": "{{ command }}", "separateOutputStream": true }
  }
}
)json"},
    {"Postern-StartForwarding", "Postern", R"json({
  "schemaVersion": "1.0",
  "description": "Forwards any number of ports and sockets in both directions, for postern forward",
  "sessionType": "Port",
  "parameters": {
    "host": {
      "type": "String",
      "description": "Host of the first destination, for agents that know only one",
      "allowedPattern": "^[^,$^&(){}?`'\"|<>/\\s]{1,255}$",
      "default": "localhost"
    },
    "portNumber": {
      "type": "String",
      "description": "Port of the first destination, for agents that know only one; 0 is none",
      "allowedPattern": "^([0-9]|[1-9][0-9]{1,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$",
      "default": "0"
    },
    "destinations": {
      "type": "StringList",
      "description": "Where connections may go: HOST:PORT, unix:/PATH, or * for anywhere",
      "maxItems": 100,
      "default": []
    },
    "listeners": {
      "type": "StringList",
      "description": "Where the node listens: PORT or BIND:PORT, where port 0 is any that is free",
      "maxItems": 100,
      "default": []
    }
  },
  "properties": {
    "host": "{{ host }}",
    "portNumber": "{{ portNumber }}",
    "type": "LocalPortForwarding",
    "destinations": "{{ destinations }}",
    "listeners": "{{ listeners }}"
  }
}
)json"},
    {kPreferencesDocument, "", R"json({
  "schemaVersion": "1.0",
  "description": "Session preferences of the account",
  "sessionType": "Standard_Stream",
  "inputs": {
    "s3BucketName": "",
    "s3KeyPrefix": "",
    "s3EncryptionEnabled": false,
    "cloudWatchLogGroupName": "",
    "cloudWatchEncryptionEnabled": false,
    "cloudWatchStreamingEnabled": false,
    "kmsKeyId": "",
    "runAsEnabled": false,
    "runAsDefaultUser": "",
    "idleSessionTimeout": "20",
    "maxSessionDuration": "",
    "shellProfile": {
      "windows": "",
      "linux": ""
    }
  }
}
)json"},
};

bool begins_with_ignoring_case(std::string_view text, std::string_view beginning) {
  return text.size() >= beginning.size() &&
         std::ranges::equal(text.substr(0, beginning.size()), beginning, [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         });
}

}  // namespace

std::span<const BuiltInDocument> built_in_documents() {
  return kDocuments;
}

const BuiltInDocument* find_built_in_document(std::string_view name) {
  const auto* found = std::ranges::find(kDocuments, name, &BuiltInDocument::name);
  return found == std::end(kDocuments) ? nullptr : found;
}

const SessionDocument& parsed_built_in_document(const BuiltInDocument& document) {
  static const auto all_parsed = [] {
    std::vector<SessionDocument> all;
    for (const auto& built_in : kDocuments) {
      auto parsed = parse_session_document(built_in.content, DocumentFormat::kJson);
      POSTERN_CHECK(parsed.has_value());
      all.push_back(std::move(*parsed));
    }
    return all;
  }();
  return all_parsed[static_cast<std::size_t>(&document - std::begin(kDocuments))];
}

bool is_reserved_document_name(std::string_view name) {
  static constexpr std::string_view kBeginnings[] = {"aws", "amazon", "amzn", "postern-"};
  return std::ranges::any_of(
      kBeginnings, [&](std::string_view beginning) { return begins_with_ignoring_case(name, beginning); });
}

}  // namespace postern::aws
