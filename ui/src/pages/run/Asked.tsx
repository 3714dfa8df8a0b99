/** What the task that is looked at asks people: it is answered beside its log. */
import { useQuery } from '@tanstack/react-query';
import { Failure } from '@/components/Waiting';
import { QuestionCard } from '@/pages/admin/inbox/Question';
import { type Place, questionQuery } from './queries';
import classes from './Run.module.css';

export function Asked({ place }: { place: Place }) {
  const { data: question, error } = useQuery(questionQuery(place));
  if (question === undefined) return error && <Failure error={error} />;
  return (
    <div className={classes.asked}>
      {error && <Failure error={error} />}
      <QuestionCard question={question} isAtTask />
    </div>
  );
}
