// SPDX-License-Identifier: Apache-2.0
// Stands in for libtorch_cpu.so: there, and nothing else.
namespace easel::tests {

extern const int kStandInTorch;
const int kStandInTorch = 1;

}  // namespace easel::tests
