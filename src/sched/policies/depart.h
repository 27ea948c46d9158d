// In a Trial: what the cluster is when gangs that run or end have left it.
#pragma once

#include "sched/cycle.h"
#include "sched/policies/classes.h"

namespace muster::sched {

// It is gone; by itself it would be at EndOf (ends.h).
void Depart(const Cycle& cycle, const Classes& classes, Trial& trial, std::uint32_t gang);

// The victims of a reservation are gone: what of theirs is not kept comes free for everyone.
void DepartVictims(const Cycle& cycle, Trial& trial, const Reserved& reserved);

}  // namespace muster::sched
