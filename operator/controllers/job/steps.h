// The steps of PlanJob, one file each: placed.cc, release.cc, waiting.cc; times.cc for all.
#pragma once

#include "controllers/job/status.h"

namespace muster::op {

// What the steps work on: the inputs, the next status and the actions so far.
struct Step {
  const state::JobEntry& entry;
  const JobFacts& facts;
  const Tally& tally;
  api::JobStatus next;
  JobActions actions;
  bool write = false;  // `next` is to be written although it may differ only in columns

  // Looks again after `ms` at the latest.
  void WakeIn(std::int64_t ms);
  // Whether `seconds` have passed since `since`; looks again when they will have.  False if either
  // is 0.
  bool Due(base::TimePoint since, std::int64_t seconds);
  void Event(std::string type, std::string reason, std::string message);
};

// A placement that is not Releasing: progress, success, or a reason to release it.
void PlanPlaced(Step& step);
// Whether a job that runs has enough replicas without `pods` of those that are still to be created.
bool MayGiveUp(const state::JobEntry& entry, const Tally& tally, std::size_t pods);
// The condition AllReplicasScheduled: why some of a job that runs are not placed yet, that all are,
// that none is any more.
void TellUnplaced(Step& step);
void TellAllPlaced(Step& step);
void TellNonePlaced(Step& step, api::ReleaseCause cause, const std::string& message);
// A Releasing placement: deletes, then the end of the attempt.
void PlanReleasing(Step& step);
// Writes Releasing (or, with nothing left to delete, the end of the attempt at once).
void StartRelease(Step& step, api::ReleaseCause cause, const std::string& message);
// No placement: why it waits, and whether the scheduler may start it.
void PlanWaiting(Step& step);
// For every write about an attempt, before its placement is set or cleared: how long the job waited
// for it (aging goes by the sum over all attempts), and when the first pod of the job started.
void NoteStart(Step& step);
// The same for the wait of a job that is suspended while it waits: the time that it is suspended
// does not count.
void NoteWait(Step& step);
// The conditions of a job whose pods run or have run.
void TellStarted(Step& step);
// Asks for the answers about templates that are missing; true when the job can be described.
bool TemplatesReady(Step& step);
// The sentence if dry runs have failed for some time without an answer about the pods; else empty.
std::string Unanswered(Step& step);
// The sentence if spec.activeDeadlineSeconds are over since the first start after the job
// was last suspended; else empty.
std::string PastActiveDeadline(Step& step);
// The condition DeadlineMissed, once spec.deadline has passed.
void TellMissedDeadline(Step& step);
// Until spec.suspend is taken back; the time of spec.activeDeadlineSeconds then begins anew.
void BeSuspended(Step& step, const std::string& message);
// Ends the job well: every pod that it has now has its result.
void Succeed(Step& step);
// Ends the job for good.
void Finish(Step& step, std::string_view phase, std::string_view reason,
            const std::string& message);

}  // namespace muster::op
