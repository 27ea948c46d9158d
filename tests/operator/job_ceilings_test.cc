// A ceiling of zero in a Tenant allows nothing; only what is not named is without limit.
#include "operator/job_fixture.h"

namespace muster::op {
namespace {

using testing::JobFixture;

class JobCeilingsTest : public JobFixture {
 protected:
  JobCeilingsTest() { PutNode("n1", 8); }

  std::string ReasonOf(const std::string& tenant_spec) {
    PutOurs("tenants/a", tenant_spec);
    PutJob("one", 1, 1);
    Settle();
    After(2);
    return Status("one").reason;
  }
};

TEST_F(JobCeilingsTest, NoQuotaAtAll) {
  EXPECT_EQ(ReasonOf(R"({"resourceQuota":{"gpu":"0"}})"), "ExceedsMaxQuota");
  EXPECT_EQ(FreeGpus("n1"), 8);
}

TEST_F(JobCeilingsTest, NothingMayBeBorrowed) {
  EXPECT_EQ(ReasonOf(R"({"guaranteed":{"cpu":"8"},"borrowing":{"limit":{"gpu":"0"}}})"),
            "ExceedsMaxQuota");
}

TEST_F(JobCeilingsTest, NothingIsLent) {
  PutOurs("tenants/b", R"({"guaranteed":{"gpu":"8"},"borrowing":{"lendingLimit":{"gpu":"0"}}})");
  EXPECT_EQ(ReasonOf("{}"), "WaitingForQuota");
}

TEST_F(JobCeilingsTest, WhatIsNotNamedIsWithoutLimit) {
  EXPECT_EQ(ReasonOf(R"({"resourceQuota":{"memory":"8Gi"}})"), "");
  EXPECT_EQ(FreeGpus("n1"), 7);
}

}  // namespace
}  // namespace muster::op
