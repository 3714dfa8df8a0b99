/** What the task that is looked at asks people: it is answered beside its log. */
import { useQuery } from '@tanstack/react-query';
import { Failure } from '@/components/Waiting';
import { QuestionCard } from '@/pages/admin/inbox/Question';
import { type Place, questionQuery } from './queries';
import classes from './Run.module.css';

export function Asked({ place }: { place: Place }) {
  const { data: question, error } = useQuery(questionQuery(place));
  if (error) return <Failure error={error} />;
  if (question === undefined) return null;
  return (
    <div className={classes.asked}>
      <QuestionCard question={question} isAtTask />
    </div>
  );
}
