// SPDX-License-Identifier: MIT
#include "runtime/registry.h"

#include "world.h"

namespace mia::runtime {
namespace {

class Registry : public World {};

TEST_F(Registry, NothingInstalledSaysHowToInstall) {
  EXPECT_TRUE(list()->empty());
  const auto none = find("");
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().kind, ErrorKind::not_found);
  EXPECT_NE(none.error().text().find("mia-perf runtime install"), std::string::npos);
}

TEST_F(Registry, ListsByNameWithEverythingRecorded) {
  make_runtime("b");
  const record::RuntimeInfo made = make_runtime("a");
  const auto runtimes = list();
  ASSERT_EQ(runtimes->size(), 2U);
  EXPECT_EQ((*runtimes)[0].name, "a");
  EXPECT_EQ((*runtimes)[1].name, "b");
  EXPECT_EQ((*runtimes)[0].library_hashes, made.library_hashes);
  EXPECT_EQ((*runtimes)[0].worker, made.worker);
}

TEST_F(Registry, WithoutANameTheOnlyOneOrTheDefault) {
  make_runtime("first");
  EXPECT_EQ(find("")->name, "first");
  make_runtime("second");
  const auto unclear = find("");
  ASSERT_FALSE(unclear.has_value());
  EXPECT_EQ(unclear.error().kind, ErrorKind::usage);
  EXPECT_NE(unclear.error().text().find("first, second"), std::string::npos);
  make_runtime("default");
  EXPECT_EQ(find("")->name, "default");
  EXPECT_EQ(find("second")->name, "second");
}

TEST_F(Registry, UnknownNameGetsTheNearest) {
  make_runtime("cuda-build");
  const auto wrong = find("cuda-biuld");
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().kind, ErrorKind::not_found);
  EXPECT_NE(wrong.error().text().find("did you mean 'cuda-build'"), std::string::npos);
}

TEST_F(Registry, BrokenOnesAreWarningsUntilAskedFor) {
  make_runtime("good");
  put(runtimes_dir() / "broken/runtime.json", "{\"name\": ");
  put(runtimes_dir() / "empty/runtime.json", "{}");
  put(runtimes_dir() / "wrong/runtime.json", R"({"name": "wrong", "prefix": 5})");
  put(runtimes_dir() / "half/build-1/rest", "no record yet");
  put(runtimes_dir() / "not a name/runtime.json", "{}");
  std::vector<std::string> warnings;
  ASSERT_EQ(list(&warnings)->size(), 1U);
  ASSERT_EQ(warnings.size(), 3U);
  EXPECT_EQ(find("")->name, "good");
  const auto broken = find("broken");
  ASSERT_FALSE(broken.has_value());
  EXPECT_EQ(broken.error().text(), "the record '" + (runtimes_dir() / "broken/runtime.json").string() +
                                       "' of runtime 'broken': not valid JSON (column 10); remove it (mia-perf runtime "
                                       "remove broken) and install or add it again");
  EXPECT_TRUE(remove("broken").has_value());
  EXPECT_FALSE(fs::exists(runtimes_dir() / "broken"));
}

TEST_F(Registry, RefusesNamesThatArePaths) {
  put(root_ / "data/mia-perf/precious/runtime.json", "{}");
  for (const char* const name : {"", "..", "../precious", "a/b", "/etc", ".hidden", "-x", "a b", "ä", "fake"}) {
    EXPECT_EQ(check_name(name).error().kind, ErrorKind::usage) << name;
    EXPECT_FALSE(remove(name).has_value()) << name;
  }
  EXPECT_FALSE(check_name(std::string(65, 'a')).has_value());
  EXPECT_FALSE(find("../precious").has_value());
  EXPECT_TRUE(fs::exists(root_ / "data/mia-perf/precious/runtime.json"));
  for (const char* const name : {"default", "llama-cpp-python-0.3.36", "A_b.2"}) {
    EXPECT_TRUE(check_name(name).has_value()) << name;
  }
}

TEST_F(Registry, RemovesTheFolderButNotAPrefixThatWasAdded) {
  const record::RuntimeInfo runtime = make_runtime("gone");
  ASSERT_TRUE(remove("gone").has_value());
  EXPECT_FALSE(fs::exists(runtimes_dir() / "gone"));
  EXPECT_TRUE(fs::exists(fs::path(runtime.prefix) / "lib/libllama.so"));
  EXPECT_EQ(remove("gone").error().kind, ErrorKind::not_found);
}

TEST_F(Registry, UnchangedRuntimePasses) {
  EXPECT_TRUE(verify_unchanged(make_runtime("a")).has_value());
}

TEST_F(Registry, SeesAMovedLibrary) {
  const record::RuntimeInfo runtime = make_runtime("a");
  fs::rename(runtime.prefix, runtime.prefix + ".moved");
  const Status status = verify_unchanged(runtime);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().kind, ErrorKind::not_found);
  for (const char* const part : {"runtime 'a'", "libllama.so moved", "mia-perf runtime add"}) {
    EXPECT_NE(status.error().text().find(part), std::string::npos) << part;
  }
}

TEST_F(Registry, MissingPartsAreFoundWithoutReadingAnything) {
  const record::RuntimeInfo runtime = make_runtime("a");
  EXPECT_EQ(missing_part(runtime), "");
  const fs::path library = fs::path(runtime.prefix) / "lib/libggml-cpu.so";
  fs::remove(library);
  EXPECT_EQ(missing_part(runtime), library.string());
  fs::rename(runtime.prefix, runtime.prefix + ".moved");
  EXPECT_EQ(missing_part(runtime), runtime.prefix);
  EXPECT_EQ(cure_of(runtime), "mia-perf runtime add DIR --name a --force");
  fs::remove(runtime.worker);
  EXPECT_EQ(missing_part(runtime), runtime.worker);
}

TEST_F(Registry, SeesEachChangeOfALibrary) {
  const record::RuntimeInfo runtime = make_runtime("a");
  const fs::path libraries = fs::path(runtime.prefix) / "lib";
  const auto message = [&] { return verify_unchanged(runtime).error().message; };
  put(libraries / "libggml-cpu.so", "another build");
  EXPECT_EQ(verify_unchanged(runtime).error().kind, ErrorKind::unsupported);
  EXPECT_NE(message().find("libggml-cpu.so in '" + libraries.string() + "' changed"), std::string::npos);
  put(libraries / "libggml-cpu.so", "content of libggml-cpu.so");
  EXPECT_TRUE(verify_unchanged(runtime).has_value());
  fs::remove(libraries / "libggml-base.so");
  EXPECT_NE(message().find("libggml-base.so in '" + libraries.string() + "' is gone"), std::string::npos);
  put(libraries / "libggml-base.so", "content of libggml-base.so");
  put(libraries / "libggml-cuda.so", "a backend");
  EXPECT_NE(message().find("libggml-cuda.so in '" + libraries.string() + "' is new"), std::string::npos);
}

TEST_F(Registry, SeesAMissingWorker) {
  const record::RuntimeInfo runtime = make_runtime("a");
  fs::remove(runtime.worker);
  EXPECT_NE(verify_unchanged(runtime).error().message.find(runtime.worker), std::string::npos);
}

TEST_F(Registry, HashesLibrariesOnlyAndLinksNever) {
  const fs::path prefix = make_prefix("p");
  put(prefix / "lib/libllama-common.so", "not loaded by a worker");
  put(prefix / "lib/libother.so", "somebody else's");
  fs::create_symlink("libllama.so", prefix / "lib/libllama.so.0");
  const auto hashes = hash_libraries(prefix / "lib");
  ASSERT_EQ(hashes->size(), 4U);
  EXPECT_EQ((*hashes)[3], "libllama.so " + hash_hex("content of libllama.so"));
  EXPECT_FALSE(hash_libraries(root_ / "nowhere").has_value());
}

TEST_F(Registry, FindsLibrariesInEachLayout) {
  for (const char* const below : {"lib", "lib64", "bin", ""}) {
    const fs::path prefix = root_ / ("layout" + std::string(below));
    put(prefix / below / "libllama.so.0", "x");
    EXPECT_TRUE(fs::equivalent(library_dir(prefix), prefix / below)) << below;
  }
  EXPECT_TRUE(library_dir(root_ / "nowhere").empty());
}

TEST_F(Registry, WorkerFindsItsLibrariesFirst) {
  const record::RuntimeInfo runtime = make_runtime("a");
  EXPECT_EQ(worker_environment(runtime).at("LD_LIBRARY_PATH"), runtime.prefix + "/lib");
  set("LD_LIBRARY_PATH", "/opt/cuda/lib");
  EXPECT_EQ(worker_environment(runtime).at("LD_LIBRARY_PATH"), runtime.prefix + "/lib:/opt/cuda/lib");
}

TEST_F(Registry, TheScriptedRuntimeByNameOrByTheSwitch) {
  make_runtime("default");
  const fs::path worker = root_ / "worker";
  put_program(worker, "exit 0\n");
  set("MIA_PERF_FAKE_WORKER", worker.string());
  EXPECT_EQ(find("fake")->worker, worker.string());
  EXPECT_EQ(find("")->provider, "llama");
  set("MIA_LLAMA_FAKE", "1");
  EXPECT_EQ(find("")->provider, "fake");
  EXPECT_TRUE(verify_unchanged(*find("")).has_value());
  EXPECT_TRUE(worker_environment(*find("")).empty());
  set("MIA_LLAMA_FAKE", "0");
  EXPECT_EQ(find("")->provider, "llama");
  set("MIA_PERF_FAKE_WORKER", "/nowhere/worker");
  EXPECT_NE(find("fake").error().text().find("/nowhere/worker"), std::string::npos);
}

}  // namespace
}  // namespace mia::runtime
