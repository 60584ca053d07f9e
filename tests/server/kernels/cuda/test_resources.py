#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is read of a compiler's words about kernels, and what is objected to."""
import unittest

import resources


def said(kernel, target, registers, stack=0, spills=0):
    return (f"ptxas info    : Compiling entry function '{kernel}' for '{target}'\n"
            f"ptxas info    : Function properties for {kernel}\n"
            f"    {stack} bytes stack frame, {spills} bytes spill stores, {spills} bytes spill loads\n"
            f"ptxas info    : Used {registers} registers, used 1 barriers\n")


class Resources(unittest.TestCase):
    def test_a_kernel_is_called_by_its_name(self):
        symbol = ("_ZN5easel7kernels4cuda9runKernelINS1_47_GLOBAL__N__ce460cb0_14_group_norm_cpp_8b4f8ea013"
                  "GroupNormSumsINS1_8BFloat16ELi8EEEEEvT_")
        self.assertEqual(resources.name_of(symbol), "GroupNormSums bf16 8")

    def test_all_that_fits_is_right(self):
        found = resources.read([said("a", "sm_80", 64) + said("a", "sm_90", 20), said("b", "sm_80", 7) + said("b", "sm_90", 8)])
        self.assertEqual(found, [("a", "sm_80", 64, 0), ("a", "sm_90", 20, 0), ("b", "sm_80", 7, 0), ("b", "sm_90", 8, 0)])
        self.assertEqual(resources.objections(found), [])
        self.assertIn("sm_90", resources.table_of(found).splitlines()[0])

    def test_spills_stacks_and_too_many_registers_are_objected_to(self):
        for wrong in (said("a", "sm_80", 65), said("a", "sm_80", 5, stack=8), said("a", "sm_80", 5, spills=4)):
            self.assertEqual(len(resources.objections(resources.read([wrong]))), 1, wrong)

    def test_a_target_that_a_kernel_lacks_is_objected_to(self):
        found = resources.read([said("a", "sm_80", 5) + said("b", "sm_80", 5) + said("b", "sm_90", 5)])
        self.assertEqual(resources.objections(found), ["a was not compiled for sm_90"])

    def test_nothing_is_objected_to_and_what_is_left_out_is_an_error(self):
        self.assertEqual(resources.objections(resources.read([""])), ["nothing was compiled"])
        with self.assertRaises(ValueError):
            resources.read([said("a", "sm_80", 5).replace("bytes stack", "")])


if __name__ == "__main__":
    unittest.main()
