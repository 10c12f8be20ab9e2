// SPDX-License-Identifier: MIT
#include <csignal>
#include <memory>
#include <random>

#include <CLI/CLI.hpp>

#include "base/log.h"
#include "base/text.h"
#include "cli/cli.h"
#include "proc/open_page.h"
#include "serve/http.h"
#include "serve/site.h"

namespace mia::cli {
namespace {

struct ServeOptions {
  serve::Address address;
  bool open = false;
};

// 128 bits: nobody guesses it.
std::string new_token() {
  std::random_device random;
  std::string token;
  for (int i = 0; i < 4; ++i) {
    token += fmt::format("{:08x}", random());
  }
  return token;
}

Result<int> serve_pages(const Common& common, const ServeOptions& options) {
  const bool local = serve::is_loopback(options.address.host);
  const std::string token = local ? "" : new_token();
  MIA_TRY_ASSIGN(serve::Server server, serve::Server::listen(options.address, token));
  const bool v6 = contains(options.address.host, ":");
  const std::string place = fmt::format("{}{}{}:{}", v6 ? "[" : "", options.address.host, v6 ? "]" : "", server.port());
  const std::string url = fmt::format("http://{}{}/", local ? "" : "mia:" + token + "@", place);
  print(url + "\n");
  if (output_error()) {
    return kInternal;  // nobody learnt the address; main() says why
  }
  log::info(local ? "Ctrl-C ends it"
                  : "whoever knows this address with its token reads all of the store; Ctrl-C ends it");
  if (options.open) {
    if (const Status opened = proc::open_page(url); !opened) {
      log::warn(opened.error().text() + ": open the address yourself");
    }
  }
  serve::Site site(common);
  const int signal =
      server.run({[&](const serve::Request& request) { return site.answer(request); }, [&] { return site.events(); }});
  return signal == SIGTERM ? kOk : kInterrupted;
}

}  // namespace

void add_serve(Cli& cli) {
  CLI::App* const verb =
      cli.app.add_subcommand("serve", "the store as a page: sessions with their pictures, trends, and what runs now");
  auto options = std::make_shared<ServeOptions>();
  verb->add_option("--port", options->address.port, "0: any that is free")->capture_default_str();
  verb->add_option("--listen", options->address.host,
                   "address of this machine that is listened on; any but a local one needs the token that is printed")
      ->capture_default_str();
  verb->add_flag("--open", options->open, "show it in the browser");
  verb->footer("example: mia-perf serve --open");
  verb->callback([&cli, options] { cli.action = [&cli, options] { return serve_pages(cli.common, *options); }; });
}

}  // namespace mia::cli
