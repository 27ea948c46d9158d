#include "leadership.h"

#include <gtest/gtest.h>

#include "kube/status_json.h"

namespace muster::op {
namespace {

using base::Code;
using base::Error;

TEST(Leadership, OnlyTheFencesOwnRefusalCountsAsOne) {
  EXPECT_EQ(JudgeProbe(std::string("{}")), FenceAnswer::kAccepted);
  const kube::Response refused{
      403,
      R"({"message":"ValidatingAdmissionPolicy 'muster-fence-create' denied request: )"
      R"(fenced: epoch '4' is not that of the lease, 5"})",
      0};
  EXPECT_EQ(JudgeProbe(kube::ToError(refused)), FenceAnswer::kFenced);
  EXPECT_EQ(JudgeProbe(Error{Code::kForbidden, "exceeded quota: q, requested: pods=1"}),
            FenceAnswer::kUnknown);
  EXPECT_EQ(JudgeProbe(Error{Code::kUnavailable, "no answer within 900 ms"}),
            FenceAnswer::kUnknown);
}

}  // namespace
}  // namespace muster::op
