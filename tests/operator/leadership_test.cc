#include "leadership.h"

#include <gtest/gtest.h>

namespace muster::op {
namespace {

using base::Code;
using base::Error;

TEST(Leadership, OnlyTheFencesOwnRefusalCountsAsOne) {
  EXPECT_EQ(JudgeProbe(std::string("{}")), FenceAnswer::kAccepted);
  EXPECT_EQ(JudgeProbe(Error{Code::kForbidden,
                             "ValidatingAdmissionPolicy 'muster-fence-create' denied request: "
                             "fenced: epoch '4' is not that of the lease, 5"}),
            FenceAnswer::kFenced);
  EXPECT_EQ(JudgeProbe(Error{Code::kForbidden, "exceeded quota: q, requested: pods=1"}),
            FenceAnswer::kUnknown);
  EXPECT_EQ(JudgeProbe(Error{Code::kUnavailable, "no answer within 900 ms"}),
            FenceAnswer::kUnknown);
}

}  // namespace
}  // namespace muster::op
