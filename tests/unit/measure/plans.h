// SPDX-License-Identifier: MIT
// Plans for tests: a scenario text, a machine of four cores, one model of 24 layers.
#pragma once

#include <string_view>

#include <gtest/gtest.h>

#include "measure/plan.h"
#include "record/fields.h"

namespace mia::measure {

inline record::Machine four_cores() {
  record::Machine machine;
  machine.fingerprint = "m";
  machine.physical_cores = 4;
  machine.logical_cpus = 8;
  return machine;
}

inline Result<Subject> one_model(const record::Settings&) {
  Subject subject;
  subject.runtime.name = "r";
  subject.model.id = "model";
  subject.model.header_hash = "h";
  subject.model.layers = 24;
  subject.model.file_bytes = 1'000'000;
  subject.model.bytes_per_token = 1'000'000;
  return subject;
}

inline Result<Plan> plan_of(std::string_view yaml, std::vector<config::Assignment> fixed = {},
                            std::vector<std::string> only = {}, const record::Machine& machine = four_cores()) {
  PlanInput input;
  MIA_TRY_ASSIGN(input.scenario, parse_scenario(yaml, "test.yaml"));
  input.base = record::default_settings();
  input.fixed = std::move(fixed);
  input.only = std::move(only);
  return make_plan(input, machine, one_model);
}

}  // namespace mia::measure
