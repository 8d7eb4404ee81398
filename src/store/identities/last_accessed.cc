#include "store/identities/rows.h"
#include "store/identity_repositories.h"

namespace postern::store {

void LastAccessedRepository::note(const LastAccessed& access) {
  execute(sql_,
          "INSERT INTO last_accessed (principal_id, service, action, region, accessed)"
          " VALUES (:principal_id, :service, :action, :region, :accessed)"
          " ON CONFLICT (principal_id, service, action) DO UPDATE SET region = excluded.region,"
          " accessed = excluded.accessed WHERE last_accessed.accessed < excluded.accessed",
          {access.principal_id, access.service, access.action, access.region, access.accessed});
}

std::vector<LastAccessed> LastAccessedRepository::list(std::string_view principal_id) {
  return all(select(sql_,
                    "SELECT principal_id, service, action, region, accessed FROM last_accessed"
                    " WHERE principal_id = :principal_id ORDER BY service, action",
                    {principal_id}),
             [](Row& row) {
               return LastAccessed{.principal_id = row.text(),
                                   .service = row.text(),
                                   .action = row.text(),
                                   .region = row.text(),
                                   .accessed = row.time()};
             });
}

void LastAccessedRepository::add_job(const LastAccessedJob& job) {
  execute(sql_,
          "INSERT INTO last_accessed_jobs (job_id, entity_arn, granularity, created)"
          " VALUES (:job_id, :entity_arn, :granularity, :created)",
          {job.job_id, job.entity_arn, job.granularity, job.created});
}

std::optional<LastAccessedJob> LastAccessedRepository::find_job(std::string_view job_id) {
  return first(
      select(sql_,
             "SELECT job_id, entity_arn, granularity, created FROM last_accessed_jobs"
             " WHERE job_id = :job_id",
             {job_id}),
      [](Row& row) {
        return LastAccessedJob{
            .job_id = row.text(), .entity_arn = row.text(), .granularity = row.text(), .created = row.time()};
      });
}

std::size_t LastAccessedRepository::remove_jobs_before(Timestamp time) {
  return execute(sql_, "DELETE FROM last_accessed_jobs WHERE created < :time", {time});
}

}  // namespace postern::store
